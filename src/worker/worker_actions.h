// What the Engine wants, carried out: each action by the adapter that can do it. Of the adapters the small one for
// alerts is here, too. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/blocking_calls.h"
#include "model/request.h"
#include "net/alert_sender.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "observe/sd_notify.h"
#include "registry/registration_thread.h"
#include "store/task_store.h"
#include "worker/frame_router.h"
#include "worker/state_keeper.h"
#include "worker/task_executor.h"
#include "worker/worker_loop.h"

namespace porpoise {

// The alerts that tasks asked for, sent when they have ended (3.1 `WorkerTaskExecuteRunnable.sendAlertIfNeeded`).
//
// Owned by Daemon; the control thread. An alert is sent at least once as long as its task is on disk, which is
// until a master has acknowledged the result: a worker that dies between the end and the alert server's answer sends it
// after its restart, perhaps for the second time. Between the acknowledgement and the answer, milliseconds, it can be
// lost: no master is made to repeat itself for an alert.
class TaskAlerts final : public AlertEvents {
 public:
  // All are borrowed.
  TaskAlerts(boost::asio::io_context& io, AlertOptions options, const wire::Profile& profile, WorkerLoop& loop,
             Log& log)
      : loop_(loop), log_(log), sender_(io, std::move(options), profile, *this) {}

  void ended(std::int64_t task_instance_id, const TaskResult& result);
  std::size_t connections() const { return sender_.connections(); }

  void on_answer(std::int64_t task_instance_id) override { loop_.post(event::Alerted{task_instance_id}); }
  void on_problem(const std::string& text) override { log_.warn(text); }

 private:
  WorkerLoop& loop_;
  Log& log_;
  AlertSender sender_;
};

// Carries out what the Engine wants: each action is handed to the adapter that can do it, counted and written to the
// worker's log.
//
// Owned by Daemon; the control thread. It decides nothing and keeps no state. A large result is encoded on a thread of
// its own: 16 MiB of OUT values take a quarter of a second.
struct WorkerActionsDeps {
  boost::asio::io_context& io;  // stopped at the end
  StateKeeper& keeper;
  TaskExecutor& executor;
  TaskAlerts& alerts;
  MasterLinks& links;
  Listener& listener;
  FrameRouter& router;  // hears the listener's peers, and numbers what is sent
  RegistrationThread& registration;
  Metrics& metrics;
  Log& log;
  const SdNotify& systemd;
};

class WorkerActions final : public ActionPerformer {
 public:
  explicit WorkerActions(const WorkerActionsDeps& deps) : deps_(deps), encodings_(deps.io, {.threads = 1}) {}

  void perform(Action action) override {
    std::visit([this](auto& one) { perform(std::move(one)); }, action);
  }
  std::size_t hung_encodings() const { return encodings_.hung(); }

 private:
  template <typename OnDisk>
  void perform(const OnDisk& action) {
    deps_.keeper.perform(action);
  }
  void perform(const action::Launch& launch);
  void perform(const action::Adopt& adopt);
  void perform(const action::Cancel& cancel);
  void perform(action::Send send);
  void perform(const action::AnswerKill& answer);
  void perform(const action::AllowTakeover& takeover);
  void perform(const action::OpenPort&);
  void perform(const action::RegisterAgain&);
  void perform(const action::RefreshHeartbeat&) { deps_.registration.refresh(); }
  void perform(const action::Exit& exit);
  void perform(const action::Accepted&) {}
  void perform(const action::Known&) {}
  void perform(const action::Refused& refused);
  void perform(const action::Finished& finished);
  void perform(const action::Told& told);
  void perform(const action::Recovered& recovered);
  void perform(const action::GaveUp& gave_up);
  void perform(const action::Say& say);

  WorkerActionsDeps deps_;
  BlockingCalls encodings_;
};

}  // namespace porpoise
