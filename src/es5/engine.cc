#include "es5/engine.h"

#include <duktape.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace porpoise {
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
