#include "simulation/daemon.h"

#include <algorithm>
#include <variant>

namespace porpoise::simulation {
namespace {

constexpr std::int64_t kLookUpLimitMs = 5'000;
constexpr std::int64_t kLivenessMs = 30'000;

int master_of(const std::string& name) { return name.back() - '0'; }

// Everything but for whom it is.
std::string content(const wire::TaskEnded& m) {
  return std::to_string(m.addressing.send_time_ms) + "/" + std::to_string(m.status) + "/" +
         std::to_string(m.start_time_ms) + "/" + std::to_string(m.end_time_ms) + "/" + std::to_string(m.process_id) +
         "/" + m.log_path + "/" + m.execute_path + "/" + m.app_ids;
}

// Some dispatches do, whoever sends them and however often.
bool makes_no_sense(std::int64_t id) { return id % 13 == 0; }

AcceptedTask accepted(const wire::DispatchTask& dispatch) {
  AcceptedTask task;
  task.dispatch = dispatch;
  task.log_path = "log";
  task.execute_path = "work";
  if (makes_no_sense(task.id())) task.defect = "it makes no sense";
  return task;
}

}  // namespace

Daemon::Daemon(DaemonDeps parts)
    : parts_(std::move(parts)),
      engine_(parts_.settings),
      registration_({parts_.random, parts_.timeline, parts_.machine, parts_.zookeeper, parts_.later,
                     [this](bool resumed) {
                       note(What::kRegistered, 0, resumed ? 1 : 0);
                       on(event::Registered{resumed});
                     },
                     [this] {
                       note(What::kExpired);
                       on(event::SessionLost{});
                     },
                     parts_.address}) {
  note(What::kStarts);
  follower_ = parts_.machine.follow_with(*this);
}

Daemon::~Daemon() { parts_.machine.stop_following(follower_); }

void Daemon::note(What what, std::int64_t id, std::int64_t number, std::string text, std::string peer) {
  parts_.history.push_back({parts_.timeline.now(), what, id, number, std::move(text), std::move(peer)});
}

// --- The loop ---

void Daemon::on(porpoise::Event event) {
  if (parts_.timeline.now() < waits_until_)
    return parts_.later(waits_until_ - parts_.timeline.now(), [this, event = std::move(event)] { on(event); });
  take(std::move(event));
  carry_out();
}

void Daemon::take(porpoise::Event event) { order_.push(engine_.on(std::move(event), parts_.machine.now())); }

void Daemon::carry_out() {
  if (std::exchange(carrying_out_, true)) return;  // whoever began goes on with it
  while (auto action = order_.next()) std::visit([this](const auto& one) { perform(one); }, *action);
  carrying_out_ = false;
  arm();
}

void Daemon::arm() {
  const auto next = engine_.next_wakeup_mono_ms(parts_.machine.now());
  if (!next) return;
  const std::int64_t when = parts_.timeline.now() + std::max<std::int64_t>(0, *next - parts_.machine.now().mono_ms);
  if (next_wakeup_ >= parts_.timeline.now() && when >= next_wakeup_) return;
  next_wakeup_ = when;
  parts_.later(when - parts_.timeline.now(), [this, when] {
    if (when == next_wakeup_) next_wakeup_ = -1;
    on(event::Woken{});
  });
}

// --- From masters and the operating system ---

void Daemon::take_dispatch(int master, std::int64_t id, int delay_minutes) {
  wire::DispatchTask dispatch;
  dispatch.master = Masters::name(master);
  dispatch.context.task_instance_id = id;
  dispatch.context.first_submit_time_ms = parts_.machine.now().wall_ms;
  dispatch.context.delay_minutes = delay_minutes;
  on(event::Dispatched{accepted(dispatch), ""});
}

void Daemon::take_kill(std::int64_t id) {
  const ReplyTo asker = next_asker_++;
  note(What::kKill, id, static_cast<std::int64_t>(asker));
  on(event::KillAsked{id, asker, ""});
}

void Daemon::take_host_update(std::int64_t id, int master) {
  note(What::kNote, id, 0, "gets another master: " + Masters::name(master));
  on(event::HostChanged{id, Masters::name(master)});
}

void Daemon::take_ack(Outbox::Key key) {
  if (key.kind == MessageKind::kResult && engine_.outbox().has(key)) note(What::kAcknowledged, key.task_instance_id);
  if (key.kind == MessageKind::kReject && engine_.outbox().has(key))
    note(What::kRejectAcknowledged, key.task_instance_id);
  on(event::Acked{key});
}

void Daemon::sigterm() {
  note(What::kNote, 0, 0, "SIGTERM");
  on(event::Terminated{});
}

// --- Disk ---

void Daemon::on_disk(std::int64_t id, std::function<std::optional<porpoise::Event>()> work) {
  const auto finish = [this, id, work = std::move(work)] {
    parts_.step();
    auto event = work();
    parts_.step();
    if (event) take(*std::move(event));
    order_.done(id);
    carry_out();
  };
  const std::int64_t ms = parts_.disk_ms();
  if (ms == 0) return finish();
  parts_.later(ms, finish);
}

void Daemon::perform(const action::Scan&) {
  on_disk(0, [this] {
    event::Scanned scanned;
    for (auto at = parts_.machine.disk.begin(); at != parts_.machine.disk.end();)
      if (at->second.is_empty() || (at->second.dispatch_torn && parts_.defect == Defect::kPutsAsideTorn))
        at = parts_.machine.disk.erase(at);  // the worker died while it wrote the dispatch
      else
        scanned.tasks.push_back(found((at++)->first));
    return porpoise::Event(std::move(scanned));
  });
}

void Daemon::perform(const action::Look& look) {
  on_disk(look.task_instance_id, [this, id = look.task_instance_id] {
    event::Looked looked{id, std::nullopt};
    if (parts_.machine.disk.contains(id)) looked.found = found(id);
    return porpoise::Event(std::move(looked));
  });
}

FoundTask Daemon::found(std::int64_t id) const {
  const Folder& folder = parts_.machine.disk.at(id);
  FoundTask task;
  task.dispatch_read = folder.dispatch.has_value();
  task.master_missing = folder.master.empty();
  task.task = accepted(folder.dispatch.value_or(wire::DispatchTask()));
  task.task.dispatch.context.task_instance_id = id;
  if (!folder.master.empty()) task.task.dispatch.master = folder.master;
  task.task.start_time_ms = folder.requested_wall_ms.value_or(0);
  task.requested = folder.requested_wall_ms.has_value();
  task.host_lives = parts_.machine.host_lives(id);
  task.host_began = task.host_lives || folder.host_said_who;
  task.abandoned = folder.abandoned;
  task.result = folder.result;
  task.result_damaged = folder.result_torn;
  if (!task.dispatch_read || folder.request_torn || folder.result_torn) task.damage = "a file is torn";
  return task;
}

void Daemon::perform(const action::Store& wanted) {
  on_disk(wanted.task.id(), [this, wanted] { return porpoise::Event(store(wanted)); });
}

event::Stored Daemon::store(const action::Store& wanted) {
  const std::int64_t id = wanted.task.id();
  if (parts_.machine.host_lives(id)) return {id, false, found(id)};
  if (!parts_.disk_works()) return {id, false};
  parts_.machine.disk[id] = Folder();
  parts_.step();
  const bool writes = parts_.defect != Defect::kDiskLies;
  if (writes) parts_.machine.disk[id].dispatch = wanted.task.dispatch;
  note(What::kAccepted, id, 0, "", wanted.task.dispatch.master);
  parts_.step();
  if (writes) parts_.machine.disk[id].master = wanted.task.dispatch.master;
  return {id, true};
}

void Daemon::perform(const action::StoreMaster& wanted) {
  on_disk(wanted.task.id(), [this, task = wanted.task] {
    parts_.machine.disk[task.id()].master = task.dispatch.master;
    note(What::kMaster, task.id(), 0, "", task.dispatch.master);
    return std::nullopt;
  });
}

// No task of the simulation asks for an alert.
void Daemon::perform(const action::StoreAlerted& wanted) {
  on_disk(wanted.task_instance_id, [] { return std::nullopt; });
}

void Daemon::perform(const action::StoreResult& wanted) {
  on_disk(wanted.task.id(), [this, result = wanted.result] {
    write_result(result);
    return std::nullopt;
  });
}

void Daemon::write_result(const TaskResult& result) {
  parts_.machine.disk[result.task_instance_id].result = result;
  parts_.machine.disk[result.task_instance_id].result_torn = false;
  note(What::kResult, result.task_instance_id, 0, std::string(to_string(result.state)));
}

void Daemon::perform(const action::Abandon& abandon) {
  on_disk(abandon.task_instance_id, [this, id = abandon.task_instance_id] {
    parts_.machine.disk[id].abandoned = true;
    note(What::kAbandoned, id);
    return std::nullopt;
  });
}

void Daemon::perform(const action::Forget& forget) {
  on_disk(forget.task_instance_id, [this, id = forget.task_instance_id] {
    if (const auto master = giving_back_.extract(id)) note(What::kRejected, id, 0, "", master.mapped());
    parts_.machine.disk.erase(id);
    note(What::kForgotten, id);
    return std::nullopt;
  });
}

// --- Hosts ---

void Daemon::perform(const action::Launch& wanted) {
  const std::int64_t id = wanted.task.id();
  if (parts_.random.percent(3)) return end_without_host(id);
  if (parts_.random.percent(94)) return launch(id);
  look_up(id, parts_.random.between(10, 2 * kLookUpLimitMs));
}

void Daemon::look_up(std::int64_t id, std::int64_t ms) {
  looking_up_[id] = false;
  if (parts_.defect == Defect::kLoopWaits) waits_until_ = parts_.timeline.now() + ms;
  parts_.later(50, [this, asked = parts_.timeline.now()] {
    const std::int64_t answered = std::max(parts_.timeline.now(), waits_until_);
    note(What::kPong, 0, answered - asked);
  });
  parts_.later(std::min(ms, kLookUpLimitMs), [this, id, ms] {
    const bool cancelled = looking_up_.extract(id).mapped();
    if (cancelled) return end_without_host(id, TaskState::kKill);
    if (ms > kLookUpLimitMs) return end_without_host(id);
    launch(id);
  });
}

void Daemon::launch(std::int64_t id) {
  parts_.step();
  parts_.machine.disk[id].requested_wall_ms = parts_.machine.now().wall_ms;
  parts_.step();
  followed_.insert(id);
  note(What::kSpawned, id);
  parts_.machine.spawn(id);
  watch_host(id);
  parts_.step();
}

void Daemon::watch_host(std::int64_t id) {
  if (parts_.defect == Defect::kTrustsHosts) return;
  parts_.later(kLivenessMs, [this, id] {
    if (!followed_.contains(id)) return;
    if (!parts_.machine.host_hangs(id)) return watch_host(id);
    note(What::kNote, id, 0, "has a host that hangs: it is ended");
    parts_.machine.give_up_host(id);
  });
}

void Daemon::perform(const action::Adopt& adopt) {
  const std::int64_t id = adopt.task.id();
  if (!parts_.machine.host_lives(id)) {
    note(What::kLost, id);
    return end_without_host(id);
  }
  followed_.insert(id);
  adopted_.insert(id);
  watch_host(id);
}

// There is no host, or none that has left a result.
void Daemon::end_without_host(std::int64_t id, TaskState state) {
  TaskResult result;
  const auto& kept = parts_.machine.disk[id].result;  // it may have ended just now
  if (kept) {
    result = *kept;
  } else {
    result.task_instance_id = id;
    result.state = state;
    result.start_time_ms = result.end_time_ms = parts_.machine.now().wall_ms;
    parts_.step();
    write_result(result);
    parts_.step();
  }
  parts_.later(0, [this, id, result] { on(event::Ended{id, result}); });
}

void Daemon::host_ended(std::int64_t id, const std::optional<TaskResult>& result) {
  parts_.later(0, [this, id, result] {
    if (followed_.erase(id) == 0) return;
    adopted_.erase(id);
    if (!result) return end_without_host(id);
    on(event::Ended{id, *result});
  });
}

void Daemon::host_tells_app_id(std::int64_t id, const std::string& app_id) {
  if (adopted_.contains(id)) return;  // it was told to an earlier process
  parts_.later(0, [this, id, app_id] { on(event::AppId{id, app_id}); });
}

void Daemon::perform(const action::Cancel& cancel) {
  const std::int64_t id = cancel.task_instance_id;
  parts_.step();
  if (const auto asked = looking_up_.find(id); asked != looking_up_.end()) asked->second = true;
  if (followed_.contains(id)) parts_.machine.cancel(id, cancel.given_up);
  parts_.step();
}

// --- Masters ---

void Daemon::perform(const action::Send& send) {
  parts_.step();
  const std::string to = std::visit([](const auto& m) { return m.addressing.receiver; }, send.message);
  if (const auto* running = std::get_if<wire::TaskRunning>(&send.message))
    note(What::kToldRunning, running->task_instance_id, 0, "", to);
  if (const auto* rejected = std::get_if<wire::TaskRejected>(&send.message))
    note(What::kToldReject, rejected->task_instance_id, 0, "", to);
  if (const auto* ended = std::get_if<wire::TaskEnded>(&send.message))
    note(send.key ? What::kToldResult : What::kToldDelay, ended->task_instance_id, 0, content(*ended), to);
  put_on_wire(send.key, std::visit([](const auto& m) { return m.task_instance_id; }, send.message), master_of(to));
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
  const std::int64_t ms = parts_.random.percent(10) ? 0 : parts_.random.between(0, 3'000);
  parts_.later(ms, [this, key = *key] { on(event::NotSent{key}); });
}

void Daemon::perform(const action::AnswerKill& answer) {
  note(What::kKillAnswer, answer.answer.task_instance_id, static_cast<std::int64_t>(answer.asker),
       answer.answer.status);
  parts_.step();
}

void Daemon::perform(const action::Refused& refused) {
  if (refused.why == Refusal::kGivenBack)
    giving_back_[refused.task_instance_id] = refused.master;  // told when it is gone from the disk
  else
    note(What::kRefused, refused.task_instance_id, 0, "", refused.master);
}

void Daemon::perform(const action::GaveUp& gave_up) {
  const bool result = gave_up.key.kind == MessageKind::kResult;
  note(What::kGaveUp, gave_up.key.task_instance_id, 0, result ? "RESULT" : "");
}

// --- The registry ---

void Daemon::perform(const action::AllowTakeover& takeover) {
  parts_.step();
  if (!takeover.allowed) note(What::kFence);
  registration_.allow_takeover(takeover.allowed);
  if (takeover.allowed) note(What::kSaved);
  parts_.step();
}

void Daemon::perform(const action::OpenPort&) {
  note(What::kOpen);
  listens_ = true;
}

}  // namespace porpoise::simulation
