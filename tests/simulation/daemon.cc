#include "simulation/daemon.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace porpoise::simulation {
namespace {

constexpr std::int64_t kDrainLimitMs = 60'000;
constexpr std::int64_t kFlushLimitMs = 5'000;

int master_of(const std::string& name) { return name.back() - '0'; }

// Everything but for whom it is.
std::string content(const wire::TaskEnded& m) {
  return std::to_string(m.addressing.send_time_ms) + "/" + std::to_string(m.status) + "/" +
         std::to_string(m.start_time_ms) + "/" + std::to_string(m.end_time_ms) + "/" + std::to_string(m.process_id) +
         "/" + m.log_path + "/" + m.execute_path + "/" + m.app_ids;
}

}  // namespace

Daemon::Daemon(DaemonDeps parts)
    : parts_(std::move(parts)),
      table_(parts_.settings, *this),
      standing_(parts_.keep_tasks, *this),
      registration_({parts_.random, parts_.timeline, parts_.machine, parts_.zookeeper, parts_.later,
                     [this](bool resumed) {
                       note(What::kRegistered, 0, resumed ? 1 : 0);
                       standing_.registered(resumed);
                     },
                     [this] {
                       note(What::kExpired);
                       standing_.expired();
                     }}) {
  note(What::kStarts);
  parts_.machine.follow_with(this);
}

Daemon::~Daemon() { parts_.machine.follow_with(nullptr); }

void Daemon::note(What what, std::int64_t id, std::int64_t number, std::string text, std::string peer) {
  parts_.history.push_back({parts_.timeline.now(), what, id, number, std::move(text), std::move(peer)});
}

// --- TaskDesk ---

void Daemon::take_dispatch(int master, std::int64_t id, int delay_minutes) {
  wire::DispatchTask dispatch;
  dispatch.master = Masters::name(master);
  dispatch.context.task_instance_id = id;
  dispatch.context.first_submit_time_ms = parts_.machine.now().wall_ms;
  dispatch.context.delay_minutes = delay_minutes;
  arriving_ = dispatch;
  switch (table_.dispatch(accepted(dispatch), "", parts_.machine.now())) {
    case TaskTable::Admission::kAccepted: break;  // noted when it was on disk
    case TaskTable::Admission::kKnown: note(What::kKnown, id); break;
    case TaskTable::Admission::kFull:
    case TaskTable::Admission::kClosed:
    case TaskTable::Admission::kNotKept: note(What::kRefused, id, 0, "", dispatch.master); break;
  }
  after_event();
}

AcceptedTask Daemon::accepted(const wire::DispatchTask& dispatch) const {
  AcceptedTask task;
  task.dispatch = dispatch;
  task.log_path = "log";
  task.execute_path = "work";
  return task;
}

void Daemon::take_kill(std::int64_t id) {
  const ReplyTo asker = next_asker_++;
  note(What::kKill, id, static_cast<std::int64_t>(asker));
  table_.kill(id, asker, parts_.machine.now());
  after_event();
}

void Daemon::take_host_update(std::int64_t id, int master) {
  note(What::kNote, id, 0, "gets another master: " + Masters::name(master));
  table_.update_host(id, Masters::name(master), parts_.machine.now());
  after_event();
}

void Daemon::take_ack(Outbox::Key key) {
  if (key.kind == MessageKind::kResult && table_.outbox().has(key)) note(What::kAcknowledged, key.task_instance_id);
  if (key.kind == MessageKind::kReject && table_.outbox().has(key))
    note(What::kRejectAcknowledged, key.task_instance_id);
  table_.acknowledge(key);
  after_event();
}

void Daemon::after_event() {
  table_.tick(parts_.machine.now());
  if (const auto next = table_.next_wakeup_mono_ms(parts_.machine.now())) {
    const std::int64_t when = parts_.timeline.now() + std::max<std::int64_t>(0, *next - parts_.machine.now().mono_ms);
    if (next_wakeup_ < parts_.timeline.now() || when < next_wakeup_) {
      next_wakeup_ = when;
      parts_.later(when - parts_.timeline.now(), [this, when] {
        if (when == next_wakeup_) next_wakeup_ = -1;
        after_event();
      });
    }
  }
  if (!table_.idle()) return;
  for (const auto& on_idle : std::exchange(on_idle_, {})) on_idle();
}

void Daemon::when_idle(std::function<void()> then) {
  on_idle_.push_back(std::move(then));
  after_event();
}

// --- After a restart ---

void Daemon::recover(Ownership ownership) {
  std::vector<std::int64_t> ids;
  for (const auto& [id, folder] : parts_.machine.disk) ids.push_back(id);
  for (const std::int64_t id : ids) recover_one(id, parts_.machine.disk.at(id), ownership);
}

void Daemon::recover_one(std::int64_t id, const Folder& folder, Ownership ownership) {
  if (!folder.dispatch) {  // put aside
    note(What::kNote, id, 0, "has no dispatch");
    parts_.machine.disk.erase(id);
    return;
  }
  AcceptedTask task = accepted(*folder.dispatch);
  if (!folder.master.empty()) task.dispatch.master = folder.master;
  task.start_time_ms = folder.requested_wall_ms.value_or(0);
  const bool began = folder.requested_wall_ms && (parts_.machine.host_lives(id) || folder.host_said_who);
  const auto result = folder.result;
  switch (recovery_of({folder.abandoned, folder.requested_wall_ms.has_value(), began, result.has_value()}, ownership)) {
    case Recovery::kStart: task.phase = TaskPhase::kWaiting; break;
    case Recovery::kEnd:
      abandon(id);
      task.abandoned = true;
      [[fallthrough]];
    case Recovery::kFollow:
      task.phase = TaskPhase::kRunning;
      adopt(id);
      break;
    case Recovery::kReport:
      task.phase = TaskPhase::kEnded;
      task.start_time_ms = result->start_time_ms;
      break;
    case Recovery::kForget: return forget(id);
  }
  table_.recover(std::move(task), result, parts_.machine.now());
}

void Daemon::adopt(std::int64_t id) {
  if (!parts_.machine.host_lives(id)) {
    note(What::kLost, id);
    return end_without_host(id);
  }
  followed_.insert(id);
  adopted_.insert(id);
}

// --- TaskEffects: what is written ---

bool Daemon::keep(std::int64_t id, std::string_view) {
  if (!parts_.disk_works()) return false;
  parts_.step();
  (void)parts_.machine.disk[id];
  parts_.step();
  if (!parts_.disk_lies) parts_.machine.disk[id].dispatch = arriving_;
  note(What::kAccepted, id, 0, "", arriving_->master);
  parts_.step();
  return true;
}

void Daemon::keep_master(const AcceptedTask& task) {
  parts_.step();
  parts_.machine.disk[task.id()].master = task.dispatch.master;
  note(What::kMaster, task.id(), 0, "", task.dispatch.master);
  parts_.step();
}

void Daemon::record(const AcceptedTask&, const TaskResult& result) { write_result(result); }

void Daemon::write_result(const TaskResult& result) {
  parts_.step();
  parts_.machine.disk[result.task_instance_id].result = result;
  note(What::kResult, result.task_instance_id, 0, std::string(to_string(result.state)));
  parts_.step();
}

void Daemon::abandon(std::int64_t id) {
  parts_.step();
  parts_.machine.disk[id].abandoned = true;
  note(What::kAbandoned, id);
  parts_.step();
}

void Daemon::forget(std::int64_t id) {
  parts_.step();
  if (rejecting_) note(What::kRejected, id);
  parts_.machine.disk.erase(id);
  note(What::kForgotten, id);
  parts_.step();
}

// --- TaskEffects: what runs ---

void Daemon::start(const AcceptedTask& task) {
  if (parts_.random.percent(3)) return end_without_host(task.id());
  parts_.step();
  parts_.machine.disk[task.id()].requested_wall_ms = parts_.machine.now().wall_ms;
  parts_.step();
  followed_.insert(task.id());
  note(What::kSpawned, task.id());
  parts_.machine.spawn(task.id());
  parts_.step();
}

// There is no host, or none that has left a result.
void Daemon::end_without_host(std::int64_t id) {
  TaskResult result;
  const auto& kept = parts_.machine.disk[id].result;  // it may have ended just now
  if (kept) {
    result = *kept;
  } else {
    result.task_instance_id = id;
    result.state = TaskState::kFailure;
    result.start_time_ms = result.end_time_ms = parts_.machine.now().wall_ms;
    write_result(result);
  }
  parts_.later(0, [this, id, result] {
    table_.ended(id, result, parts_.machine.now());
    after_event();
  });
}

void Daemon::host_ended(std::int64_t id, const std::optional<TaskResult>& result) {
  parts_.later(0, [this, id, result] {
    if (followed_.erase(id) == 0) return;
    adopted_.erase(id);
    if (!result) return end_without_host(id);
    table_.ended(id, *result, parts_.machine.now());
    after_event();
  });
}

void Daemon::host_tells_app_id(std::int64_t id, const std::string& app_id) {
  if (adopted_.contains(id)) return;  // it was told to an earlier process
  parts_.later(0, [this, id, app_id] {
    table_.app_id(id, app_id, parts_.machine.now());
    after_event();
  });
}

void Daemon::cancel(const AcceptedTask& task, const std::string&, bool at_once) {
  parts_.step();
  if (followed_.contains(task.id())) parts_.machine.cancel(task.id(), at_once, adopted_.contains(task.id()));
  parts_.step();
}

// --- TaskEffects: what is said ---

void Daemon::send(std::optional<Outbox::Key> key, const MasterMessage& message) {
  parts_.step();
  const std::string to = std::visit([](const auto& m) { return m.addressing.receiver; }, message);
  if (const auto* running = std::get_if<wire::TaskRunning>(&message))
    note(What::kToldRunning, running->task_instance_id, 0, "", to);
  if (const auto* rejected = std::get_if<wire::TaskRejected>(&message))
    note(What::kToldReject, rejected->task_instance_id, 0, "", to);
  if (const auto* ended = std::get_if<wire::TaskEnded>(&message))
    note(key ? What::kToldResult : What::kToldDelay, ended->task_instance_id, 0, content(*ended), to);
  put_on_wire(key, std::visit([](const auto& m) { return m.task_instance_id; }, message), master_of(to));
  parts_.step();
}

void Daemon::put_on_wire(std::optional<Outbox::Key> key, std::int64_t id, int master) {
  if (!parts_.network.cut(master, Way::kReports) && parts_.masters.alive(master)) {
    const auto connection = parts_.network.connection(master, Way::kReports);
    return parts_.network.carry(connection, false, [&masters = parts_.masters, connection, key, id] {
      if (key)
        masters.receive(connection, *key);
      else
        masters.receive_delay(connection, id);
    });
  }
  if (!key || parts_.random.percent(10)) return;  // lost on a connection that looked well
  if (parts_.random.percent(10)) return table_.not_sent(*key, parts_.machine.now());
  parts_.later(parts_.random.between(0, 3'000), [this, key = *key] {
    table_.not_sent(key, parts_.machine.now());
    after_event();
  });
}

void Daemon::answer_kill(ReplyTo asker, const wire::KillAnswer& answer) {
  note(What::kKillAnswer, answer.task_instance_id, static_cast<std::int64_t>(asker), answer.status);
  parts_.step();
}

void Daemon::gave_up(Outbox::Key key) {
  const bool result = key.kind == MessageKind::kResult;
  note(What::kGaveUp, key.task_instance_id, 0, result ? "RESULT" : "");
}

// --- MembershipEffects, GracefulShutdown ---

void Daemon::allow_takeover(bool allowed) {
  parts_.step();
  registration_.allow_takeover(allowed);
  if (allowed) note(What::kSaved);
  parts_.step();
}

void Daemon::fence(const std::string& reason) {
  note(What::kFence, 0, 0, reason);
  table_.fence(reason);
  when_idle([this] { standing_.fenced(); });
}

void Daemon::open() {
  note(What::kOpen);
  table_.open();
  after_event();
}

void Daemon::sigterm() {
  if (std::exchange(draining_, true)) return end_at_once();
  note(What::kNote, 0, 0, "SIGTERM");
  standing_.leave();
  parts_.later(kDrainLimitMs, [this] { end_at_once(); });
  rejecting_ = true;
  table_.drain(parts_.machine.now());
  rejecting_ = false;
  when_idle([this] {
    if (!ending_) flush(parts_.timeline.now() + kFlushLimitMs);
  });
}

void Daemon::end_at_once() {
  if (std::exchange(ending_, true)) return;
  standing_.end();
  note(What::kFence, 0, 0, "the worker ends");
  table_.fence("the worker ends");
  when_idle([this] { parts_.on_gone(); });
}

void Daemon::flush(std::int64_t limit) {
  if (ending_) return;
  if (table_.outbox().size() == 0 || parts_.timeline.now() > limit) {
    ending_ = true;
    return parts_.on_gone();
  }
  parts_.later(20, [this, limit] { flush(limit); });
}

}  // namespace porpoise::simulation
