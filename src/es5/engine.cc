#include "es5/engine.h"

#include <duktape.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/text.h"

namespace porpoise {
namespace {

// Before each block stands its class; 16 bytes keep what follows aligned.
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kSmallestBlock = 32;

std::size_t& class_of(void* block) {
  return *static_cast<std::size_t*>(static_cast<void*>(static_cast<char*>(block) - kHeaderBytes));
}

void*& next_of(void* block) { return *static_cast<void**>(block); }

}  // namespace

Arena::Arena(std::size_t bytes) {
  void* const mapping =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return;
  begin_ = static_cast<char*>(mapping);
  size_ = bytes;
}

Arena::~Arena() {
  if (begin_ != nullptr) ::munmap(begin_, size_);
}

void* Arena::allocate(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  if (bytes > size_) {
    refused_ = true;
    return nullptr;
  }
  const std::size_t block_bytes = std::bit_ceil(std::max(bytes + kHeaderBytes, kSmallestBlock));
  const auto size_class = static_cast<std::size_t>(std::countr_zero(block_bytes));
  if (void* const block = free_.at(size_class); block != nullptr) {
    free_.at(size_class) = next_of(block);
    return block;
  }
  if (block_bytes > size_ - used_) {
    refused_ = true;
    return nullptr;
  }
  void* const block = begin_ + used_ + kHeaderBytes;
  used_ += block_bytes;
  class_of(block) = size_class;
  return block;
}

void* Arena::reallocate(void* block, std::size_t bytes) {
  if (block == nullptr) return allocate(bytes);
  if (bytes == 0) {
    release(block);
    return nullptr;
  }
  const std::size_t capacity = (std::size_t{1} << class_of(block)) - kHeaderBytes;
  if (bytes <= capacity) return block;
  void* const larger = allocate(bytes);
  if (larger == nullptr) return nullptr;  // the old block stays valid, as with realloc
  std::memcpy(larger, block, capacity);
  release(block);
  return larger;
}

void Arena::release(void* block) {
  if (block == nullptr) return;
  void*& head = free_.at(class_of(block));
  next_of(block) = head;
  head = block;
}

namespace {

// What ES5 section 15.1 names, and the escape functions of its annex B. The engine brings more of its own.
constexpr std::array<std::string_view, 31> kGlobals = {"NaN",         "Infinity",
                                                       "undefined",   "eval",
                                                       "parseInt",    "parseFloat",
                                                       "isNaN",       "isFinite",
                                                       "decodeURI",   "decodeURIComponent",
                                                       "encodeURI",   "encodeURIComponent",
                                                       "escape",      "unescape",
                                                       "Object",      "Function",
                                                       "Array",       "String",
                                                       "Boolean",     "Number",
                                                       "Date",        "RegExp",
                                                       "Error",       "EvalError",
                                                       "RangeError",  "ReferenceError",
                                                       "SyntaxError", "TypeError",
                                                       "URIError",    "Math",
                                                       "JSON"};

constexpr std::size_t kMaxTextBytes = 300;  // of a value or message in an answer

// What the engine hands back to its callbacks.
struct Run {
  Arena& arena;
  void (*give)(Answer, std::string_view);
};

Run& run_of(void* udata) { return *static_cast<Run*>(udata); }

bool is_allowed(std::string_view name) { return std::find(kGlobals.begin(), kGlobals.end(), name) != kGlobals.end(); }

duk_ret_t remove_foreign_globals(duk_context* engine, void* /*unused*/) {
  duk_push_global_object(engine);
  duk_enum(engine, -1, DUK_ENUM_INCLUDE_NONENUMERABLE | DUK_ENUM_OWN_PROPERTIES_ONLY);
  while (duk_next(engine, -1, 0) != 0) {
    duk_size_t size = 0;
    const char* const name = duk_get_lstring(engine, -1, &size);
    if (!is_allowed({name, size})) {
      duk_dup(engine, -1);
      duk_del_prop(engine, -4);
    }
    duk_pop(engine);
  }
  return 0;
}

duk_ret_t evaluate(duk_context* engine, void* source) {
  const auto& text = *static_cast<const std::string_view*>(source);
  duk_eval_lstring(engine, text.data(), text.size());
  return 1;
}

const char* type_name(duk_context* engine) {
  switch (duk_get_type(engine, -1)) {
    case DUK_TYPE_UNDEFINED: return "undefined";
    case DUK_TYPE_NULL: return "null";
    case DUK_TYPE_NUMBER: return "a number";
    case DUK_TYPE_STRING: return "a string";
    case DUK_TYPE_OBJECT: return duk_is_function(engine, -1) ? "a function" : "an object";
    default: return "a value of an unknown type";
  }
}

// 'a string, "abc"' or 'an object'.
void give_other(duk_context* engine, const Run& run) {
  const char* const type = type_name(engine);
  const bool has_value = duk_is_number(engine, -1) != 0 || duk_is_string(engine, -1) != 0;
  if (!has_value) return run.give(Answer::kOther, type);
  const bool quoted = duk_is_string(engine, -1) != 0;
  duk_size_t size = 0;
  const char* const text = duk_safe_to_lstring(engine, -1, &size);
  std::array<char, 2 * kMaxTextBytes> buffer{};
  std::size_t used = 0;
  const auto append = [&](std::string_view part) {
    used += part.copy(buffer.data() + used, std::min(part.size(), buffer.size() - used));
  };
  append(type);
  append(quoted ? ", \"" : ", ");
  append(cut_utf8({text, size}, kMaxTextBytes));
  append(quoted ? "\"" : "");
  run.give(Answer::kOther, {buffer.data(), used});
}

void give_result(duk_context* engine, const Run& run, bool succeeded) {
  if (succeeded && duk_is_boolean(engine, -1) != 0)
    return run.give(duk_get_boolean(engine, -1) != 0 ? Answer::kTrue : Answer::kFalse, {});
  if (succeeded) return give_other(engine, run);
  // A thrown error while memory was short is that shortage, whatever the script made of it.
  if (run.arena.refused()) return run.give(Answer::kMemory, {});
  duk_size_t size = 0;
  const char* const text = duk_safe_to_lstring(engine, -1, &size);
  run.give(Answer::kThrown, cut_utf8({text, size}, kMaxTextBytes));
}

}  // namespace

void run_engine(std::string_view source, Arena& arena, void (*give)(Answer, std::string_view)) {
  Run run{arena, give};
  duk_context* const engine = duk_create_heap(
      [](void* udata, duk_size_t size) { return run_of(udata).arena.allocate(size); },
      [](void* udata, void* block, duk_size_t size) { return run_of(udata).arena.reallocate(block, size); },
      [](void* udata, void* block) { run_of(udata).arena.release(block); }, &run,
      [](void* udata, const char* message) { run_of(udata).give(Answer::kThrown, message != nullptr ? message : ""); });
  if (engine == nullptr) return give(Answer::kMemory, {});
  if (duk_safe_call(engine, &remove_foreign_globals, nullptr, 0, 1) != DUK_EXEC_SUCCESS)
    return give_result(engine, run, false);
  duk_pop(engine);
  const bool succeeded = duk_safe_call(engine, &evaluate, &source, 0, 1) == DUK_EXEC_SUCCESS;
  give_result(engine, run, succeeded);
}

}  // namespace porpoise
