// The two system calls of pidfds: <sys/pidfd.h> of glibc 2.36 cannot be used from C++. Any thread.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/descriptor.h"

namespace porpoise {

// Refers to whoever has this number now, for good. Close-on-exec; empty when there is nobody.
inline UniqueFd open_pidfd(pid_t pid) { return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

inline bool signal_pidfd(int fd, int signal) { return ::syscall(SYS_pidfd_send_signal, fd, signal, nullptr, 0) == 0; }

}  // namespace porpoise
