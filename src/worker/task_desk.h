// Where all that concerns tasks comes together: what masters say, what hosts tell, and the passing of time, each put to
// the TaskTable and followed by what is due then.
//
// Owned by cli/worker.cc; one thread. It decides nothing itself: the rules are the table's, the deeds the effects'.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/worker_config.h"
#include "engine/recovery.h"
#include "engine/task_table.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/task_store.h"
#include "wire/profile.h"
#include "worker/folder_remover.h"
#include "worker/task_alerts.h"
#include "worker/task_executor.h"
#include "worker/worker_paths.h"

namespace porpoise {

struct DeskDeps {
  boost::asio::io_context& io;
  const WorkerConfig& config;
  const WorkerPaths& places;
  const TimeZone& zone;
  const wire::Profile& profile;
  const TaskStore& store;
  FolderRemover& sweeper;
  TaskTable& table;
  TaskExecutor& runs;
  TaskAlerts& alerts;
  Metrics& metrics;
  Log& log;
};

class TaskDesk {
 public:
  explicit TaskDesk(const DeskDeps& parts) : parts_(parts), timer_(parts.io) {}
  TaskDesk(const TaskDesk&) = delete;
  TaskDesk& operator=(const TaskDesk&) = delete;

  // From masters. `body` is the dispatch as it came, which goes to disk.
  void take(const wire::DispatchTask& message, const std::string& body);
  void take(const wire::KillTask& message, ReplyTo asker);
  void take(const wire::UpdateHost& message);
  void acknowledged(Outbox::Key key, bool success);
  void not_sent(Outbox::Key key);

  // From hosts.
  void app_id(std::int64_t task_instance_id, const std::string& app_id);
  void ended(std::int64_t task_instance_id, const TaskResult& result);

  // From the registry and the operating system. `on_idle` is called once, as soon as nothing runs any more. What is
  // recovered is neither started nor told before open() or fence().
  void recover(Ownership ownership);
  void drain(std::function<void()> on_idle);
  void fence(const std::string& reason, std::function<void()> on_idle);
  void open();

  // False while accepted tasks cannot be written to disk.
  bool storage_works() const { return storage_works_; }

 private:
  AcceptedTask accepted(const wire::DispatchTask& dispatch) const;
  void recover_one(const TaskStore::Found& found, Ownership ownership);
  void after_event();
  void arm();

  DeskDeps parts_;
  boost::asio::steady_timer timer_;
  std::vector<std::function<void()>> on_idle_;
  bool storage_works_ = true;
};

}  // namespace porpoise
