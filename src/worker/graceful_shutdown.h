// The end of the worker, step by step: no new tasks, those that run may finish, masters hear of every end, then the
// node goes. A second signal ends tasks at once and tells masters nothing: they run them elsewhere as soon as the node
// is gone.
//
// Owned by cli/worker.cc; the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "config/worker_config.h"
#include "engine/task_table.h"
#include "observe/log.h"
#include "worker/membership.h"
#include "worker/task_desk.h"

namespace porpoise {

struct GracefulShutdownDeps {
  boost::asio::io_context& io;
  const WorkerConfig& config;
  Membership& membership;
  TaskDesk& desk;
  const TaskTable& table;
  Log& log;
  std::function<void()> on_gone;  // close the registration and stop
};

class GracefulShutdown {
 public:
  explicit GracefulShutdown(GracefulShutdownDeps parts);

 private:
  enum class Stage { kWorking, kDraining, kEnding, kGone };
  void wait_for_signal();
  void drain();
  void end_at_once(const char* why);
  void flush(boost::asio::steady_timer::time_point limit);
  void gone();

  GracefulShutdownDeps parts_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer limit_;
  boost::asio::steady_timer flush_;
  Stage stage_ = Stage::kWorking;
};

}  // namespace porpoise
