// The requester's side of one task: starts its task host, follows it, cancels it, and answers for it when it dies or
// hangs.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/blocking_calls.h"
#include "base/result.h"

#include "launcher/launch_host.h"
#include "model/request.h"

namespace porpoise {

// Told about one task, on the thread of the io_context, never from inside a call into TaskProcess.
class TaskListener {
 public:
  virtual ~TaskListener() = default;
  virtual void on_started(std::int64_t /*pid*/) {}  // of the host; its session is that of everything in the task
  virtual void on_line(std::string_view /*text*/) {}
  virtual void on_progress(int /*permille*/, std::string_view /*text*/) {}
  virtual void on_app_id(std::string_view /*app_id*/) {}
  // Its host hangs and is ended; on_finished follows. What was seen of it, for people.
  virtual void on_hung(std::string_view /*why*/) {}
  // Exactly once, whatever happens; nothing of the task lives any more and its log is complete. The TaskProcess may be
  // destroyed in here.
  virtual void on_finished(const TaskResult& result) = 0;
};

// What all tasks of a requester share. Everything is borrowed and outlives them.
struct LauncherDeps {
  boost::asio::io_context& io;
  HostSettings settings;
  BlockingCalls* beside =
      nullptr;  // where hosts are answered for that died or hang; none: on the own thread, which waits
  ChildReaper* children = nullptr;  // none: what hosts leave to this process is only looked for by its marks
};

// Owned by whoever asked for the task; lives on one io_context and its one thread. The listener outlives it. Promises:
// no call but start() blocks, except the destructor of one whose task runs, and those of a requester without `beside`;
// a host that hangs does not make its task hang.
class TaskProcess {
 public:
  // Launches a host and follows it. Blocks while that takes.
  static Result<std::unique_ptr<TaskProcess>> start(const LauncherDeps& deps, const TaskRequest& request,
                                                    const std::filesystem::path& state_dir, TaskListener& listener);

  // Follows a host that launch_host() has started with the same settings, request and reaper, or that
  // find_running_host() has found: then on_started is called when it first answers.
  static std::unique_ptr<TaskProcess> follow(const LauncherDeps& deps, LaunchedHost host, const TaskRequest& request,
                                             const std::filesystem::path& state_dir, TaskListener& listener);

  TaskProcess(const TaskProcess&) = delete;
  TaskProcess& operator=(const TaskProcess&) = delete;
  // A task that still runs is killed with everything in it before this returns; its listener hears no more.
  ~TaskProcess();

  // SIGTERM to the task, its grace period, SIGKILL; a host that takes longer is ended. `reason` is for the task log:
  // that of the first call counts.
  void cancel(std::string reason);
  // The same without the grace period; also after cancel().
  void kill(std::string reason);
  // cancel() of a task that masters run elsewhere, also after it: the grace period is only for one whose host answers.
  void give_up(std::string reason);

  std::int64_t pid() const;  // of the host

 private:
  class Impl;
  explicit TaskProcess(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // handlers that wait in the io_context only have weak pointers to it
};

}  // namespace porpoise
