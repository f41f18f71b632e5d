// What the TaskTable wants done, done: tasks started, messages sent, folders removed.
//
// Owned by cli/worker.cc; one thread. Joins parts that do not know each other and holds no state of its own.
#pragma once

#include <functional>
#include <string>

#include "engine/task_table.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/task_store.h"
#include "wire/profile.h"
#include "worker/folder_remover.h"
#include "worker/task_executor.h"

namespace porpoise {

struct DeedDeps {
  TaskExecutor& runs;
  const TaskStore& store;
  FolderRemover& sweeper;
  Metrics& metrics;
  Log& log;
  // Towards the net. `not_sent` may be empty.
  std::function<void(const std::string& master, const wire::Outgoing& message, std::function<void()> not_sent)>
      to_master;
  std::function<void(ReplyTo asker, const wire::Outgoing& message)> to_peer;
  std::function<void(Outbox::Key key)> not_sent;
};

class TaskDeeds final : public TaskEffects {
 public:
  explicit TaskDeeds(DeedDeps parts) : parts_(std::move(parts)) {}

  bool keep(std::int64_t task_instance_id, std::string_view body) override;
  void keep_master(const AcceptedTask& task) override;
  void start(const AcceptedTask& task) override;
  void cancel(const AcceptedTask& task, const std::string& reason, bool at_once) override;
  void record(const AcceptedTask& task, const TaskResult& result) override;
  void abandon(std::int64_t task_instance_id) override;
  void forget(std::int64_t task_instance_id) override;
  void send(std::optional<Outbox::Key> key, const MasterMessage& message) override;
  void answer_kill(ReplyTo asker, const wire::KillAnswer& answer) override;
  void gave_up(Outbox::Key key) override;

 private:
  // False: the log says why not.
  bool done(const Status& status);

  DeedDeps parts_;
};

}  // namespace porpoise
