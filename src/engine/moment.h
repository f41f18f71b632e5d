// Now, as pure code is told it: the wall clock for what leaves the process, the monotonic one for waiting.
#pragma once

#include <cstdint>

namespace porpoise {

struct Moment {
  std::int64_t wall_ms = 0;  // epoch
  std::int64_t mono_ms = 0;
};

}  // namespace porpoise
