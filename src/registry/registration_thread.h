// A Registration on a thread of its own: pings and heartbeats go out whatever the control loop does, and neither a
// ZooKeeper server that hangs nor the resolution of its name holds the loop up.
//
// Owned by Daemon; all functions are called on the control thread, but allow_takeover(), which any thread may.
// Events arrive on the control thread, as of a Registration there, except on_alive.
//
// What only the loop knows is asked each second and kept here for heartbeats. A loop that does not come to that is seen
// by masters: after some seconds heartbeats are unwilling, so that no task is sent here; after a session timeout the
// session is given up, and masters run its tasks elsewhere, as they do when the whole process hangs.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "registry/registration.h"

namespace porpoise {

// What a heartbeat says that only the control loop knows.
struct LoopLevels {
  int waiting_tasks = 0;
  bool unwilling = false;
};

struct RegistrationSources {
  std::function<LoopLevels()> levels;  // on the control thread
  // The text to write, on the registration's thread: it must not touch what is the loop's.
  std::function<std::string(std::int64_t startup_time_ms, const LoopLevels& levels)> heartbeat;
};

class RegistrationThread {
 public:
  // `unwilling_after`: for how long the loop may hang before heartbeats say that no task is wanted.
  RegistrationThread(boost::asio::io_context& control, RegistrationOptions options, RegistrationSources sources,
                     RegistrationEvents& events, std::chrono::milliseconds unwilling_after = std::chrono::seconds(10));
  RegistrationThread(const RegistrationThread&) = delete;
  RegistrationThread& operator=(const RegistrationThread&) = delete;
  // Leaves the node to the session timeout, as a crash would. See close().
  ~RegistrationThread();

  void start();
  void refresh();  // writes a heartbeat at once, when registered, with the levels of this moment
  void register_again(std::int64_t startup_time_ms);
  Status allow_takeover(bool allowed);  // see Registration; on disk when this returns
  // For good. `on_closed` is called on the control thread: the node is gone then, if a server was reached; within 4.5 s
  // when it hangs.
  void close(std::function<void()> on_closed);

 private:
  class Relay;
  void watch_levels();

  boost::asio::io_context& control_;
  const RegistrationSources sources_;
  boost::asio::steady_timer look_;  // at the levels
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  const std::shared_ptr<Relay> relay_;  // what is posted to the control thread has weak pointers to it
  Registration registration_;           // on the thread, except for allow_takeover()
  std::thread thread_;
};

}  // namespace porpoise
