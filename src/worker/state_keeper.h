// The adapter between the Engine and the state folders: carries out what it wants of the disk beside the control loop,
// each with a deadline, and reports what came of it.
//
// Owned by cli/worker.cc; the control thread. Not two calls about one task at the same time: ActionOrder sees to that.
// A disk that hangs is given up on, said and counted as one that refuses.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/blocking_calls.h"
#include "base/clock.h"
#include "engine/action.h"
#include "observe/log.h"
#include "store/task_store.h"
#include "wire/messages.h"
#include "worker/folder_remover.h"
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
  FolderRemover& remover;
  Log& log;
};

class StateKeeper {
 public:
  explicit StateKeeper(const StateKeeperDeps& deps) : deps_(deps), calls_(deps.io) {}

  // Each ends with WorkerLoop::done().
  void perform(const action::Scan& scan);
  void perform(const action::Store& store);
  void perform(const action::Look& look);
  void perform(const action::StoreMaster& store);
  void perform(const action::StoreResult& store);
  void perform(const action::StoreAlerted& alerted);
  void perform(const action::Abandon& abandon);
  void perform(const action::Forget& forget);

  std::size_t hung() const { return calls_.hung(); }

 private:
  // Writes something that needs no answer.
  void write(std::int64_t id, const char* what, std::function<Status(const TaskStore&)> work);
  void scanned(TaskStore::Scan scan);
  FoundTask judged(TaskStore::Found found) const;
  void take_dispatch(FoundTask& task, TaskStore::Found& found) const;
  std::string what(const char* deed, std::int64_t id) const;

  StateKeeperDeps deps_;
  BlockingCalls calls_;
};

}  // namespace porpoise
