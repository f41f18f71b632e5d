// How much memory a piece of code holds at most, by counting what operator new gives.
#pragma once

#include <cstddef>

namespace porpoise {

class MemoryPeak {
 public:
  MemoryPeak();
  // The most that was held at once since the beginning, beyond what was held then.
  std::size_t bytes() const;

 private:
  std::size_t begin_;
};

}  // namespace porpoise
