// Descriptors of the process that has the plugin in it.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/descriptor.h"

namespace porpoise {

// The same file under a number above 200, out of the way of plugins that close what they did not open; unchanged where
// the limit of descriptors forbids that.
inline UniqueFd lift(UniqueFd fd) {
  constexpr int kHigh = 200;
  UniqueFd lifted(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kHigh));
  return lifted ? std::move(lifted) : std::move(fd);
}

// Closes everything but 0, 1, 2 and these two.
inline void close_all_but(int one, int other) {
  const auto low = static_cast<unsigned>(std::min(one, other));
  const auto high = static_cast<unsigned>(std::max(one, other));
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0U, 0);
}

}  // namespace porpoise
