// The life of every task instance on this worker, from its dispatch until the master has acknowledged its end: who
// waits, who runs, who is killed, and what the masters are told.
//
// Pure: time is passed in, and everything that touches the world is an Effect. Owned by cli/worker.cc, on the control
// thread; tests/simulation drives it with simulated disks, masters and crashes. Promises: at most one execution per
// task instance, exactly one terminal result per accepted dispatch, nothing said after RESULT, every kill answered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/accepted_task.h"
#include "engine/moment.h"
#include "engine/outbox.h"
#include "engine/recent_results.h"
#include "engine/task_effects.h"
#include "model/request.h"
#include "wire/messages.h"

namespace porpoise {

struct TableSettings {
  std::string address;  // of this worker, as registered
  int slots = 100;
  int max_waiting = 100;  // more are rejected; <= 0: no limit
  OutboxLimits outbox{};
};

class TaskTable {
 public:
  TaskTable(TableSettings settings, TaskEffects& effects)
      : settings_(std::move(settings)), effects_(effects), outbox_(settings_.outbox) {}
  TaskTable(const TaskTable&) = delete;
  TaskTable& operator=(const TaskTable&) = delete;

  enum class Admission { kAccepted, kKnown, kFull, kClosed, kNotKept };
  // `body`: as it came. A task that is here already is answered with its state, to whoever asks now; what is neither
  // accepted nor known is rejected.
  Admission dispatch(AcceptedTask task, std::string_view body, Moment now);
  // After a restart, from what was found on disk; `result` for one that has ended. What runs is followed already.
  void recover(AcceptedTask task, std::optional<TaskResult> result, Moment now);

  void kill(std::int64_t task_instance_id, ReplyTo asker, Moment now);
  void update_host(std::int64_t task_instance_id, const std::string& master, Moment now);
  void acknowledge(Outbox::Key key);
  void not_sent(Outbox::Key key, Moment now) { outbox_.not_sent(key, now); }

  void app_id(std::int64_t task_instance_id, const std::string& app_id, Moment now);
  void ended(std::int64_t task_instance_id, const TaskResult& result, Moment now);

  // Starts what is due and has a slot, sends what is due. Call it after every event, and at next_wakeup().
  void tick(Moment now);
  std::optional<std::int64_t> next_wakeup_mono_ms(Moment now) const;

  // Nothing more is accepted; what waits is rejected to its master, what runs may finish.
  void drain(Moment now);
  // Masters consider everything here lost: end it at once, tell nobody, forget it. `idle()` says when that is done.
  void fence(const std::string& reason);
  // Before it nothing is accepted or started, nor after drain() and fence().
  void open() { closed_ = false; }

  bool idle() const { return running_ == 0; }
  std::string type_of(std::int64_t task_instance_id) const;  // empty: unknown
  std::map<std::string, std::size_t> running_by_type() const;
  std::size_t waiting() const { return queue_.size(); }
  std::size_t running() const { return running_; }
  const Outbox& outbox() const { return outbox_; }

 private:
  using Tasks = std::map<std::int64_t, AcceptedTask>;

  Admission admit(std::int64_t task_instance_id) const;
  void accept(AcceptedTask task, Moment now);
  void accept_again(std::int64_t task_instance_id, const std::string& master, Moment now);
  void reject(const AcceptedTask& task, Moment now);
  void change_master(AcceptedTask& task, const std::string& master);
  void start_due(Moment now);
  void send_due(Moment now);
  void give_up(Moment now);
  void begin(AcceptedTask& task, Moment now);
  void end_unstarted(AcceptedTask& task, Moment now);
  void leave_queue(std::int64_t task_instance_id);
  void put_result(const AcceptedTask& task, const TaskResult& result, Moment now);
  void put_running(const AcceptedTask& task, Moment now);
  void tell_delay(const AcceptedTask& task, Moment now);
  void answer_kills(AcceptedTask& task, const TaskResult& result);
  void enqueue(const AcceptedTask& task, Moment now);

  TableSettings settings_;
  TaskEffects& effects_;
  Outbox outbox_;
  Tasks tasks_;
  std::map<std::pair<std::int64_t, std::uint64_t>, std::int64_t> queue_;  // (due_mono_ms, arrival) -> task instance
  std::uint64_t next_arrival_ = 0;
  std::size_t running_ = 0;
  bool closed_ = true;
  RecentResults recent_;
};

}  // namespace porpoise
