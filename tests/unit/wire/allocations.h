// The largest block the program has asked for since somebody last set it to 0: what a claimed length costs.
#pragma once

#include <atomic>
#include <cstddef>

namespace porpoise::wire {

extern std::atomic<std::size_t> largest_allocation;

}  // namespace porpoise::wire
