// Reads of a file at a place, without a position that readers would share. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace porpoise {

// Fills `buffer` from `offset` on; fewer bytes than it holds only where the file ends.
Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<char> buffer);

}  // namespace porpoise
