// SIGHUP: the configuration is read again, and what a running worker can take over is taken over: how much its log
// says, who may give tasks and read logs, and which users tenants are. The rest is named, since only a restart takes it
// over. What cannot be read, or must not be trusted, changes nothing.
//
// Owned by Daemon; the control thread, with the reading on a thread of its own, which has fifteen seconds. SIGHUP
// ends no worker: main() sees to the time before.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <vector>

#include "base/blocking_calls.h"
#include "base/result.h"
#include "config/worker_settings.h"
#include "observe/log.h"

namespace porpoise {

class SettingsReload {
 public:
  using Read = std::function<Result<ResolvedSettings>()>;              // any thread, also when this is gone
  using TakeOver = std::function<Status(const WorkerConfig& config)>;  // the keys that are `at_run_time`

  SettingsReload(boost::asio::io_context& io, ResolvedSettings current, Read read, TakeOver take_over, Log& log);
  SettingsReload(const SettingsReload&) = delete;
  SettingsReload& operator=(const SettingsReload&) = delete;

 private:
  void wait();
  void read_again();
  void compare(const Result<ResolvedSettings>& found);
  void say(const std::vector<SettingChange>& changes);

  ResolvedSettings current_;  // as it is in force; a key that waits for a restart is as at the start
  const Read read_;
  const TakeOver take_over_;
  Log& log_;
  boost::asio::signal_set signals_;
  BlockingCalls calls_;
};

}  // namespace porpoise
