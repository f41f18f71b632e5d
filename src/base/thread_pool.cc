#include "base/thread_pool.h"

#include <signal.h>

namespace porpoise {

ThreadPool::ThreadPool(std::size_t count) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // threads inherit it; signals belong to the control thread
  pool_.emplace(count);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace porpoise
