#include "simulation/world.h"

#include <utility>

namespace porpoise::simulation {
namespace {

constexpr std::int64_t kFaultsMs = 900'000;
// Longer than any retry, so that what can be told has been.
constexpr std::int64_t kSettleMs = 200'000;
constexpr std::int64_t kMaxAgeMs = 3'600'000;

}  // namespace

World::World(std::uint64_t seed, Defect defect)
    : random_(seed),
      machine_(random_, timeline_, history_),
      network_(random_, timeline_),
      zookeeper_(random_, timeline_),
      masters_(random_, timeline_, history_, network_, zookeeper_, *this),
      defect_(defect) {
  promises_.keep_tasks = random_.percent(20);
  promises_.max_age_ms = kMaxAgeMs;
  zookeeper_.on_node_removed = [this] {
    masters_.node_removed();
    // One of two workers may have ended the session of the other.
    if (neighbour_.daemon) timeline_.after(1, [this] { session_ended(); });
  };
}

void World::run() {
  start_worker();
  plan();
  timeline_.run_until(kFaultsMs);
  quieten();
  timeline_.run_until(kFaultsMs + kSettleMs);
  history_.push_back({timeline_.now(), What::kSettled, 0, 0, masters_.good(), ""});
  if (held() > 0) timeline_.run_until(kFaultsMs + kSettleMs + kMaxAgeMs);
  history_.push_back({timeline_.now(), What::kEnd, 0, held(), "", ""});
}

std::int64_t World::held() const {
  const auto disk = static_cast<std::int64_t>(machine_.disk.size());
  if (!worker_.daemon) return disk + 1;
  const Engine& engine = worker_.daemon->engine();
  return disk + static_cast<std::int64_t>(engine.running() + engine.waiting() + engine.outbox().size());
}

// --- What happens ---

void World::plan() {
  for (std::int64_t tasks = random_.between(5, 40); tasks > 0; --tasks)
    timeline_.at(random_.between(500, random_.between(1'000, kFaultsMs)), [this] { masters_.submit(); });
  for (std::int64_t strikes = random_.between(0, 25); strikes > 0; --strikes)
    timeline_.at(random_.between(0, kFaultsMs), [this] { strike(); });
}

void World::strike() {
  const int master = static_cast<int>(random_.between(0, kMasters - 1));
  switch (random_.between(0, 19)) {
    case 0:
    case 1: return end_worker(What::kCrash, random_.skewed(300, 90'000));
    case 2:
    case 3:
    case 4: steps_to_crash_ = random_.between(1, 12); return;
    case 5: return cut_power();
    case 6: return cut_zookeeper(random_.between(1'000, 150'000));
    case 7:
      if (random_.percent(30))
        timeline_.after(random_.between(1, 1'000), [this] { end_worker(What::kCrash, random_.skewed(300, 90'000)); });
      return end_session();
    case 8: return cut_master(master, random_.between(100, 120'000));
    case 9: return masters_.crash(master);
    case 10: return network_.break_connection(master, random_.percent(50) ? Way::kOrders : Way::kReports);
    case 11:
      inside([this] { worker_.daemon->sigterm(); });
      return timeline_.after(random_.between(1'000, 100'000), [this] {
        if (random_.percent(30)) inside([this] { worker_.daemon->sigterm(); });
      });
    case 12: return machine_.step_clock(random_.between(-7'200'000, 7'200'000));
    case 13: return machine_.kill_some_host();
    case 14:
      disk_works_ = false;
      return timeline_.after(random_.between(1'000, 30'000), [this] { disk_works_ = true; });
    case 15:
      disk_is_slow_ = true;
      return timeline_.after(random_.between(1'000, 30'000), [this] { disk_is_slow_ = false; });
    case 16:
    case 17: machine_.tear_a_file(); return end_worker(What::kCrash, random_.skewed(300, 90'000));
    case 18: return start_neighbour();
    default: masters_.kill_some();
  }
}

void World::quieten() {
  quiet_ = true;
  end_neighbour();
  steps_to_crash_ = -1;
  for (int master = 0; master < kMasters; ++master)
    for (const Way way : {Way::kOrders, Way::kReports}) network_.set_cut(master, way, false);
  masters_.quieten();
  if (!std::exchange(zookeeper_.reachable, true)) connection_changed();
}

void World::cut_zookeeper(std::int64_t ms) {
  if (quiet_ || !std::exchange(zookeeper_.reachable, false)) return;
  connection_changed();
  timeline_.after(ms, [this] {
    if (!std::exchange(zookeeper_.reachable, true)) connection_changed();
  });
}

void World::connection_changed() {
  for (Process* const process : {&worker_, &neighbour_})
    inside(*process, [process] { process->daemon->registration().connection_changed(); });
}

// Whoever thinks that it still has one.
void World::session_ended() {
  for (Process* const process : {&worker_, &neighbour_})
    inside(*process, [this, process] {
      Registration& registration = process->daemon->registration();
      if (zookeeper_.reachable && registration.is_outdated()) registration.session_ended();
    });
}

void World::end_session() {
  if (!zookeeper_.node()) return;
  if (random_.percent(50)) steps_to_crash_ = random_.between(1, 12);  // in the midst of what follows
  zookeeper_.end(zookeeper_.node()->session);
  session_ended();
}

void World::cut_master(int master, std::int64_t ms) {
  for (const Way way : {Way::kOrders, Way::kReports}) {
    if (random_.percent(25)) continue;  // that way is still open
    network_.set_cut(master, way, true);
    timeline_.after(ms, [this, master, way] { network_.set_cut(master, way, false); });
  }
}

// --- The worker process ---

void World::start_worker() {
  if (worker_.daemon) return;
  if (!start(worker_, 0)) timeline_.after(1'000, [this] { start_worker(); });  // as systemd does
}

void World::start_neighbour() {
  if (neighbour_.daemon) return;
  if (start(neighbour_, random_.percent(50) ? 0 : 1))
    timeline_.after(random_.between(1'000, 60'000), [this] { end_neighbour(); });
}

void World::end_neighbour() {
  if (!neighbour_.daemon) return;
  history_.push_back({timeline_.now(), What::kCrash, 0, 0, "", ""});
  neighbour_.daemon->registration().process_killed();
  neighbour_.daemon.reset();
  ++neighbour_.number;
  network_.break_all();
  if (!worker_.daemon) machine_.unlock_data_folder();
}

bool World::start(Process& process, int address) {
  if (!machine_.lock_data_folder() && defect_ != Defect::kSharesFolder) {
    history_.push_back({timeline_.now(), What::kTurnedAway, 0, 0, "", ""});
    return false;
  }
  ++process.number;
  DaemonDeps parts{random_, timeline_, history_, machine_, network_, masters_, zookeeper_};
  parts.defect = defect_;
  parts.settings.keep_tasks = promises_.keep_tasks;
  parts.settings.drain_limit = std::chrono::milliseconds(60'000);
  parts.settings.address = "w:1234";
  parts.settings.slots = 2;
  parts.settings.max_waiting = 3;
  parts.settings.outbox.max_age = std::chrono::milliseconds(kMaxAgeMs);
  parts.step = [this] { step(); };
  parts.disk_works = [this] { return disk_works_; };
  parts.disk_ms = [this] { return disk_ms(); };
  parts.later = [this, &process](std::int64_t ms, std::function<void()> action) {
    later(ms, process, std::move(action));
  };
  parts.on_gone = [&process] { process.gone = true; };
  parts.address = address;
  process.daemon = std::make_unique<Daemon>(std::move(parts));
  if (!quiet_ && random_.percent(10)) steps_to_crash_ = random_.between(1, 12);
  inside(process, [&process] { process.daemon->start(); });
  return true;
}

void World::inside(Process& process, const std::function<void()>& action) {
  if (!process.daemon) return;
  const auto end = [&](What why, std::int64_t restart_ms) {
    if (&process == &neighbour_) return end_neighbour();
    end_worker(why, restart_ms);
  };
  try {
    action();
  } catch (const Crash&) {
    return end(What::kCrash, random_.skewed(300, 90'000));
  }
  if (!std::exchange(process.gone, false)) return;
  process.daemon->registration().close();
  end(What::kLeft, random_.between(300, 5'000));
}

void World::later(std::int64_t ms, Process& process, std::function<void()> action) {
  timeline_.after(ms, [this, &process, number = process.number, action = std::move(action)] {
    if (number == process.number) inside(process, action);
  });
}

void World::step() {
  if (steps_to_crash_ >= 0 && steps_to_crash_-- == 0) throw Crash();
}

// Most of it at once, so that most histories are easy to read.
std::int64_t World::disk_ms() {
  if (disk_is_slow_ && !quiet_) return random_.between(0, 9'000);
  return random_.percent(80) ? 0 : random_.between(1, 20);
}

void World::end_worker(What why, std::int64_t restart_ms) {
  if (!worker_.daemon) return;
  history_.push_back({timeline_.now(), why, 0, 0, "", ""});
  if (why != What::kLeft) worker_.daemon->registration().process_killed();
  worker_.daemon.reset();
  ++worker_.number;
  worker_.gone = false;
  machine_.unlock_data_folder();
  network_.break_all();
  timeline_.after(restart_ms, [this] { start_worker(); });
}

void World::cut_power() {
  end_neighbour();
  end_worker(What::kCrash, 200'000);
  history_.push_back({timeline_.now(), What::kPowerCut, 0, 0, "", ""});
  const std::int64_t up = machine_.cut_power();
  timeline_.at(up + random_.between(1'000, 10'000), [this] { start_worker(); });
}

void World::dispatch(int master, std::int64_t id, int delay_minutes) {
  inside([&] { worker_.daemon->take_dispatch(master, id, delay_minutes); });
}

void World::kill(int, std::int64_t id) {
  inside([&] { worker_.daemon->take_kill(id); });
}

void World::update_host(std::int64_t id, int master) {
  inside([&] { worker_.daemon->take_host_update(id, master); });
}

void World::acknowledge(Outbox::Key key) {
  inside([&] { worker_.daemon->take_ack(key); });
}

}  // namespace porpoise::simulation
