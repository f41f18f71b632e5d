// Removes what tasks have left, by age and by size (keys log-retention and log-max-total): their logs, working
// directories that were kept, and state that was put aside as damaged. Never what belongs to a task that this worker
// has not forgotten, and nothing before it is registered and works: then it knows all its tasks.
//
// Owned by Daemon; the control thread, with the disk on a thread beside it (RetentionPass), in turns that end within a
// deadline. A file system that hangs holds up retention alone. What was removed is in the log, at most once a day.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/blocking_calls.h"
#include "observe/log.h"
#include "worker/retention_pass.h"
#include "worker/worker_loop.h"

namespace porpoise {

class Retention {
 public:
  Retention(boost::asio::io_context& io, const WorkerLoop& loop, RetentionPass::Places places, RetentionRules rules,
            Log& log);
  Retention(const Retention&) = delete;
  Retention& operator=(const Retention&) = delete;

  std::size_t hung() const { return calls_.hung(); }  // turns given up on that have not come back

 private:
  using Clock = std::chrono::steady_clock;

  void wait(std::chrono::milliseconds pause);
  void go_on();
  void turned(const std::shared_ptr<RetentionPass>& pass, const Result<bool>& done);
  void say();

  const WorkerLoop& loop_;
  const RetentionPass::Places places_;
  const RetentionRules rules_;
  Log& log_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<RetentionPass> pass_;  // also its turn's, which may outlive this
  Removed removed_;                      // since it was last said
  std::optional<Clock::time_point> said_;
  BlockingCalls calls_;
};

}  // namespace porpoise
