// What a forked child gives up before it runs a stranger's code.
#pragma once

#include <chrono>

namespace porpoise {

// Where the one descriptor that stays open is found.
constexpr int kFencedFd = 3;

// Call in a child whose signals are all blocked. Afterwards: no descriptor but `fd` (as kFencedFd), default signal
// handling, no core file, death with the parent, `on_cpu_limit` (a signal handler) once `cpu` is used up, and no system
// call but those to write, to read the clock and to exit. Where the kernel refuses to filter calls, the rest still
// holds.
void fence_in(int fd, std::chrono::milliseconds cpu, void (*on_cpu_limit)(int));

}  // namespace porpoise
