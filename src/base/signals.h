// Signals of this process: who does not get them, how a child begins without ours, and their names.
//
// Free functions and one scope object. The kernel keeps one mask a thread and one table of handlers a process.
#pragma once

#include <csignal>
#include <string>

namespace porpoise {

// While it lives, no signal reaches the calling thread, and threads and children that are begun meanwhile have all of
// them blocked: a worker's signals are the control thread's, and a forked child gets none before it has handlers of its
// own.
//
// A local variable of one thread, which it leaves with the mask that it found. What it does is safe between fork and
// exec, and cannot fail.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

// Gives each signal of this process its default handling again; what is ignored is not ignored any more. For a child
// that has the handlers of its parent: they would write to descriptors that are now something else. Safe between fork
// and exec.
void reset_signal_handlers();

// "signal 11 (SIGSEGV)".
std::string describe_signal(int signal);

}  // namespace porpoise
