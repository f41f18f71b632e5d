// The rules of the worker: the life of every task instance from its dispatch until a master has acknowledged its end,
// whose the tasks are when the session ends or the worker restarts, and how the worker leaves.
//
// Pure: an Event and the time go in, the Actions that follow come out; it never waits and knows nothing of the world.
// Owned by WorkerLoop, on the control thread; tests/simulation drives the same object with simulated disks, hosts,
// masters and crashes. Promises:
// - at most one execution per task instance, exactly one terminal result per accepted dispatch, on disk before it is
// told
// - nothing but RESULT itself is said of a task after its RESULT, whoever is its master by then
// - every kill is answered, when nothing of the task lives
// - nothing is accepted or started before it is known whose the tasks are
// - tasks that masters have given to others are dead before the worker registers again, and no master is told of them
// - it leaves within the drain limit, unless something of a task cannot be ended
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/accepted_task.h"
#include "engine/action.h"
#include "engine/event.h"
#include "engine/outbox.h"
#include "engine/recovery.h"
#include "engine/view.h"

namespace porpoise {

struct EngineSettings {
  std::string address;  // of this worker, as registered
  int slots = 100;
  int max_waiting = 100;  // more are rejected; <= 0: no limit
  // Of the dispatches of all tasks that have not ended; more are rejected, but for a single one. A dispatch has some
  // KiB.
  std::size_t max_task_bytes = 256U << 20U;
  bool keep_tasks = false;  // they run on when masters have given them up (on-session-expired: keep)
  std::chrono::milliseconds drain_limit{std::chrono::hours(1)};  // then what runs is ended
  std::chrono::milliseconds flush_limit{5000};  // for the last acknowledgements; the rest is told by the next run
  OutboxLimits outbox{};
};

class Engine {
 public:
  explicit Engine(EngineSettings settings) : settings_(std::move(settings)), outbox_(settings_.outbox) {}
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::vector<Action> on(Event event, Moment now);
  // When event::Woken is due; nothing: only another event changes something.
  std::optional<std::int64_t> next_wakeup_mono_ms(Moment now) const;

  // How things stand, for heartbeats, health and metrics.
  bool registered() const { return registered_; }
  bool leaving() const { return leaving_; }
  bool gone() const { return stage_ == Stage::kGone; }
  bool storage_works() const { return storage_works_; }  // false while accepted tasks cannot be written to disk
  bool idle() const { return running_ == 0 && storing_ == 0; }
  std::size_t waiting() const { return queue_.size(); }
  std::size_t running() const { return running_; }
  std::map<std::string, std::size_t> running_by_type() const;
  bool has_unfinished(std::int64_t task_instance_id) const;  // accepted, and not ended
  // Who is told of it by now; empty: nobody, it is not known (any more).
  std::string master_of(std::int64_t task_instance_id) const;
  const Outbox& outbox() const { return outbox_; }
  std::set<std::int64_t> task_ids() const;  // of all that are not forgotten
  // Of the dispatches of tasks that have not ended.
  std::size_t task_bytes() const;
  // All of it, for people: copies of what each task is called, so some us a task.
  WorkerStage stage_for_people() const;
  EngineView view(Moment now) const;

 private:
  using Tasks = std::map<std::int64_t, AcceptedTask>;
  enum class Admission { kAccepted, kKnown, kFull, kClosed };
  enum class Stage { kWorking, kDraining, kFlushing, kEnding, kGone };

  void handle(event::Dispatched event, Moment now);
  void handle(const event::KillAsked& event, Moment now);
  void handle(const event::HostChanged& event, Moment now);
  void handle(const event::Acked& event, Moment now);
  void handle(const event::NotSent& event, Moment now);
  void handle(const event::Scanned& event, Moment now);
  void handle(const event::Stored& event, Moment now);
  void handle(const event::Looked& event, Moment now);
  void handle(const event::AppId& event, Moment now);
  void handle(const event::Alerted& event, Moment now);
  void handle(const event::Ended& event, Moment now);
  void handle(const event::Registered& event, Moment now);
  void handle(const event::SessionLost& event, Moment now);
  void handle(const event::Terminated& event, Moment now);
  void handle(const event::Woken&, Moment) {}

  // dispatch.cc
  Admission admit(std::int64_t id) const;
  bool full() const;
  bool too_large(const AcceptedTask& task) const;
  void accept(AcceptedTask& task, Moment now);
  void accept_again(const AcceptedTask& asked, Moment now);
  void take_occupied(const FoundTask& found, const AcceptedTask& asked, Moment now);
  void refuse(const AcceptedTask& task, Refusal why, Moment now);
  void change_master(AcceptedTask& task, const std::string& master);
  void begin_waiting(AcceptedTask& task, Moment now);
  void leave_queue(std::int64_t id);

  // execution.cc
  void start_due(Moment now);
  void begin(AcceptedTask& task, Moment now);
  static std::string kill_reason(const AcceptedTask& task);
  void kill(AcceptedTask& task, const event::KillAsked& order, Moment now);
  void end_killed(AcceptedTask& task, Moment now);
  void end_unstarted(AcceptedTask& task, TaskState state, std::string why, Moment now);
  void answer_kills(AcceptedTask& task, const TaskResult& result);
  void recover(const FoundTask& found, Ownership ownership, Moment now);
  void take_back(AcceptedTask task, const FoundTask& found, Moment now);

  // engine.cc: what masters are told
  void send_due(Moment now);
  void give_up(Moment now);
  void put_result(AcceptedTask& task, const TaskResult& result, Moment now);
  void put_running(const AcceptedTask& task, Moment now);
  void tell_delay(const AcceptedTask& task, Moment now);
  void forget(std::int64_t id);

  // view.cc
  WaitsFor reason_to_wait(const AcceptedTask& task, std::int64_t due_mono_ms, Moment now) const;
  TaskView view_of(const AcceptedTask& task) const;

  // membership.cc
  void scan(Ownership ownership);
  void fence(const std::string& reason);
  void give_up_tasks(const std::string& reason);
  void settle_membership();
  void go_on();
  void drain(Moment now);
  void end_at_once(const std::string& why);
  void step_shutdown(Moment now);

  void want(Action action) { actions_.push_back(std::move(action)); }
  void say(action::Level level, std::string text, std::int64_t id = 0) {
    want(action::Say{level, std::move(text), id});
  }
  AcceptedTask* find(std::int64_t id);
  // Drops all that only an execution needs.
  static void shed_orders(AcceptedTask& task);

  const EngineSettings settings_;
  std::vector<Action> actions_;  // of the event at hand

  Outbox outbox_;
  RecentResults recent_;
  Tasks tasks_;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::int64_t> queue_;  // (due_mono_ms, arrival) -> task instance
  std::map<std::int64_t, std::vector<event::KillAsked>> looking_;         // kills of unknown tasks
  std::uint64_t next_arrival_ = 0;
  std::size_t running_ = 0;
  std::size_t storing_ = 0;
  bool closed_ = true;  // nothing is accepted or started
  bool storage_works_ = true;

  bool registered_ = false;
  bool scanning_ = false;   // what an earlier run left is being read, or has been
  bool recovered_ = false;  // and is known
  Ownership ownership_ = Ownership::kGivenUp;
  bool fencing_ = false;  // tasks that masters have given to others are being ended
  bool listening_ = false;
  bool leaving_ = false;
  bool ending_ = false;
  Stage stage_ = Stage::kWorking;
  std::int64_t limit_mono_ms_ = 0;  // of kDraining and kFlushing
};

}  // namespace porpoise
