// The alerts that tasks asked for, sent when they have ended (3.1 `WorkerTaskExecuteRunnable.sendAlertIfNeeded`).
//
// Owned by Daemon; the control thread. An alert is sent at least once as long as its task is on disk, which is
// until a master has acknowledged the result: a worker that dies between the end and the alert server's answer sends it
// after its restart, perhaps for the second time. Between the acknowledgement and the answer, milliseconds, it can be
// lost: no master is made to repeat itself for an alert.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "model/request.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "registry/registration_thread.h"
#include "store/task_store.h"
#include "worker/frame_router.h"
#include "worker/state_keeper.h"
#include "worker/task_executor.h"
#include "worker/worker_loop.h"

namespace porpoise {

class TaskAlerts {
 public:
  // Both are borrowed.
  TaskAlerts(AlertSender& sender, WorkerLoop& loop) : sender_(sender), loop_(loop) {}

  void ended(std::int64_t task_instance_id, const TaskResult& result);

 private:
  AlertSender& sender_;
  WorkerLoop& loop_;
};

// Carries out what the Engine wants: each action is handed to the adapter that can do it, counted and written to the
// worker's log.
//
// Owned by Daemon; the control thread. It decides nothing and keeps no state.
struct WorkerActionsDeps {
  WorkerLoop& loop;
  StateKeeper& keeper;
  TaskExecutor& executor;
  TaskAlerts& alerts;
  MasterLinks& links;
  Listener& listener;
  FrameRouter& router;  // numbers what is sent
  RegistrationThread& registration;
  Metrics& metrics;
  Log& log;
  std::function<void()> open_port;
  std::function<void()> exit;
};

class WorkerActions final : public ActionPerformer {
 public:
  explicit WorkerActions(WorkerActionsDeps deps) : deps_(std::move(deps)) {}

  void perform(Action action) override {
    std::visit([this](auto& one) { perform(std::move(one)); }, action);
  }

 private:
  template <typename OnDisk>
  void perform(const OnDisk& action) {
    deps_.keeper.perform(action);
  }
  void perform(const action::Launch& launch);
  void perform(const action::Adopt& adopt);
  void perform(const action::Cancel& cancel);
  void perform(const action::Send& send);
  void perform(const action::AnswerKill& answer);
  void perform(const action::AllowTakeover& takeover);
  void perform(const action::OpenPort&) { deps_.open_port(); }
  void perform(const action::RegisterAgain&);
  void perform(const action::RefreshHeartbeat&) { deps_.registration.refresh(); }
  void perform(const action::Exit& exit);
  void perform(const action::Accepted&) {}
  void perform(const action::Known&) {}
  void perform(const action::Refused& refused);
  void perform(const action::Finished& finished);
  void perform(const action::Recovered& recovered);
  void perform(const action::GaveUp& gave_up);
  void perform(const action::Say& say);

  WorkerActionsDeps deps_;
};

}  // namespace porpoise
