// The inside of the script child: one Duktape heap in an arena, one expression, one answer.
//
// Owned by the forked child and used by its one thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace porpoise {

// Memory for one script engine: a mapping of fixed size that never grows, cut into blocks of powers of two.
//
// Owned by the engine's process, used by its one thread. It calls no malloc, so it works in a forked child of a process
// with threads. All of it goes away with the mapping.
class Arena {
 public:
  // Nothing can be allocated when the mapping cannot be made.
  explicit Arena(std::size_t bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // As malloc, realloc and free; nullptr once the limit is reached.
  void* allocate(std::size_t bytes);
  void* reallocate(void* block, std::size_t bytes);
  void release(void* block);

  bool refused() const { return refused_; }  // whether an allocation ever failed

 private:
  static constexpr std::size_t kClasses = 48;

  char* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  bool refused_ = false;
  std::array<void*, kClasses> free_{};  // per class a list threaded through the blocks themselves
};

// The inside of the script child: one Duktape heap, one expression, one answer.
//
// Runs in a forked child only. It calls nothing that a fork could have left locked (no malloc, no stdio).

// First byte of an answer; a text for people follows it, except after kTrue and kFalse.
enum class Answer : char {
  kTrue = 'T',
  kFalse = 'F',
  kOther = 'O',   // the value's type and text
  kThrown = 'E',  // the exception
  kMemory = 'M',
  kCpu = 'C',
};

// Evaluates with memory from `arena` alone and calls `give` once.
void run_engine(std::string_view source, Arena& arena, void (*give)(Answer, std::string_view text));

}  // namespace porpoise
