// The adapter between the Engine and the state folders: carries out what it wants of the disk beside the control loop,
// each with a deadline, and reports what came of it.
//
// Owned by Daemon; the control thread. Not two calls about one task at the same time: ActionOrder sees to that. A disk
// that hangs is given up on, said and counted as one that refuses. Folders of forgotten tasks are only moved away at
// once: on some disks their removal takes longer than the task did, so it comes after, and nothing waits for it. What
// is not removed when the worker ends is removed at its next start (TaskStore::scan).
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/blocking_calls.h"
#include "base/clock.h"
#include "engine/action.h"
#include "observe/log.h"
#include "store/task_store.h"
#include "wire/messages.h"
#include "worker/task_request.h"
#include "worker/worker_loop.h"

namespace porpoise {

struct StateKeeperDeps {
  boost::asio::io_context& io;
  WorkerLoop& loop;
  const TaskStore& store;
  const WorkerPaths& paths;
  const TimeZone& zone;
  const wire::Profile& profile;
  Log& log;
};

class StateKeeper {
 public:
  explicit StateKeeper(const StateKeeperDeps& deps);

  // Each ends with WorkerLoop::done().
  void perform(const action::Scan& scan);
  void perform(const action::Store& store);
  void perform(const action::Look& look);
  void perform(const action::StoreMaster& store);
  void perform(const action::StoreResult& store);
  void perform(const action::StoreAlerted& alerted);
  void perform(const action::Abandon& abandon);
  void perform(const action::Forget& forget);

  // Calls given up on that have not come back yet.
  std::size_t hung() const { return calls_.hung(); }
  std::size_t hung_removals() const { return removals_.hung(); }

 private:
  // Writes something that needs no answer.
  void write(std::int64_t id, const char* what, std::function<Status(const TaskStore&)> work);
  // What TaskStore has moved away: an empty path is nothing to do.
  void remove(Result<std::filesystem::path> folder);
  void scanned(TaskStore::Scan scan);
  FoundTask judged(TaskStore::Found found) const;
  void take_dispatch(FoundTask& task, TaskStore::Found& found) const;
  std::string what(const char* deed, std::int64_t id) const;

  StateKeeperDeps deps_;
  BlockingCalls calls_;
  BlockingCalls removals_;
};

}  // namespace porpoise
