// The control loop of the worker: one queue of events, the Engine that judges each of them, and the actions that
// follow, in the order of ActionOrder, each handed to the adapter that carries it out.
//
// Owned by Daemon, which makes it first: every adapter gets it when it is made. post() is for any
// thread; all else happens on the thread that runs the io_context. Nothing happens before run().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <optional>

#include "engine/action.h"
#include "engine/action_order.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "observe/loop_monitor.h"

namespace porpoise {

// Carries actions out, never waiting for one. Those that ActionOrder calls slow end with WorkerLoop::done().
class ActionPerformer {
 public:
  virtual ~ActionPerformer() = default;
  virtual void perform(Action action) = 0;
};

class WorkerLoop {
 public:
  WorkerLoop(boost::asio::io_context& io, EngineSettings settings, LoopMonitor& monitor);
  WorkerLoop(const WorkerLoop&) = delete;
  WorkerLoop& operator=(const WorkerLoop&) = delete;

  // What has happened. Only queues it: nothing calls back from inside.
  void post(Event event);
  // A slow action about this task (0: action::Scan) is complete, and `event` is what came of it.
  void done(std::int64_t task_instance_id, std::optional<Event> event = std::nullopt);

  // Until the io_context is stopped, which the performer of action::Exit does. SIGTERM and SIGINT are events.
  void run(ActionPerformer& performer);

  const Engine& engine() const { return engine_; }

 private:
  void take(Event event);
  void carry_out();
  void arm();
  void wait_for_signal();
  void limit_exit();

  boost::asio::io_context& io_;
  LoopMonitor& monitor_;
  Engine engine_;
  ActionOrder order_;
  boost::asio::steady_timer wakeup_;
  boost::asio::steady_timer exit_limit_;
  boost::asio::signal_set signals_;
  ActionPerformer* performer_ = nullptr;  // while it runs
};

}  // namespace porpoise
