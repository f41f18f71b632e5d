// Renews the worker's lease (taskdir/lease.h), by which its hosts know that their tasks are still its own, also when it
// is dead: each time a server of ZooKeeper has confirmed that the session lives. Whatever else of the data folder is to
// be looked after then is done beside it.
//
// Owned by Daemon. renew() may be called on any thread and does not block: the file is written on a thread of
// the keeper's own, which is left to itself at the end if the disk holds it up. Where tasks are kept whatever masters
// think (on-session-expired: keep), the lease never runs out.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.h"

namespace porpoise {

class LeaseKeeper {
 public:
  // `look_after` is called on the keeper's thread with each renewal, also after this has ended. `on_problem`: for each
  // renewal that cannot be written, and for what `look_after` gives; on that thread, too, and must not block.
  LeaseKeeper(std::filesystem::path file, bool keep_tasks, std::function<Status()> look_after,
              std::function<void(const Error& problem)> on_problem);
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;
  ~LeaseKeeper();

  // A server confirmed something that was `asked` of it then, so the session lasts for `session_timeout` from there.
  void renew(std::chrono::steady_clock::time_point asked, std::chrono::milliseconds session_timeout);

 private:
  struct Shared;
  const bool keep_tasks_;
  const std::shared_ptr<Shared> shared_;  // with the thread
};

}  // namespace porpoise
