// The alerts that tasks asked for, sent when they have ended (3.1 `WorkerTaskExecuteRunnable.sendAlertIfNeeded`).
//
// Owned by cli/worker.cc; the control thread. An alert is sent at least once as long as its task is on disk, which is
// until a master has acknowledged the result: a worker that dies between the end and the alert server's answer sends it
// after its restart, perhaps for the second time. Between the acknowledgement and the answer, milliseconds, it can be
// lost: no master is made to repeat itself for an alert.
#pragma once

#include <cstdint>

#include "model/request.h"
#include "net/alert_sender.h"
#include "observe/log.h"
#include "store/task_store.h"

namespace porpoise {

class TaskAlerts {
 public:
  // All are borrowed.
  TaskAlerts(AlertSender& sender, const TaskStore& store, Log& log) : sender_(sender), store_(store), log_(log) {}

  void ended(std::int64_t task_instance_id, const TaskResult& result);

 private:
  AlertSender& sender_;
  const TaskStore& store_;
  Log& log_;
};

}  // namespace porpoise
