#include "simulation/masters.h"

#include <utility>
#include <vector>

namespace porpoise::simulation {

Masters::Masters(Random& random, Timeline& timeline, History& history, Network& network, Zookeeper& zookeeper,
                 WorkerPort& worker)
    : random_(random),
      timeline_(timeline),
      history_(history),
      network_(network),
      zookeeper_(zookeeper),
      worker_(worker),
      acknowledge_killed_(random.percent(50)),
      drop_unknown_(random.percent(30)) {}

bool Masters::order(int master, Timeline::Action action) {
  if (!alive(master) || network_.cut(master, Way::kOrders) || !worker_.listens()) return false;
  network_.carry(network_.connection(master, Way::kOrders), true, std::move(action));
  return true;
}

// --- Dispatch ---

void Masters::submit() {
  const std::int64_t id = 1 + submitted();
  Instance& instance = instances_[id];
  instance.owner = static_cast<int>(random_.between(0, kMasters - 1));
  instance.delay_minutes = random_.percent(15) ? 1 : 0;
  dispatch(id);
}

void Masters::dispatch(std::int64_t id) {
  Instance& instance = instances_.at(id);
  if (instance.stage != Stage::kQueued) return;
  // Masters know of a worker from its node, and some for longer than they should.
  const bool known = zookeeper_.node() || (!quiet_ && random_.percent(30));
  const bool sent = known && order(instance.owner, [this, id, owner = instance.owner, delay = instance.delay_minutes] {
                      worker_.dispatch(owner, id, delay);
                    });
  if (!sent) return timeline_.after(random_.between(1'000, 5'000), [this, id] { dispatch(id); });
  instance.stage = Stage::kDispatched;
  instance.dispatched_at = timeline_.now();
  if (!quiet_ && random_.percent(10)) repeat_dispatch(id);
  if (!quiet_ && random_.percent(10))
    timeline_.after(random_.skewed(0, 120'000), [this, id] {
      if (random_.percent(30)) instances_.at(id).owner = kMasters - 1 - instances_.at(id).owner;
      repeat_dispatch(id);
    });
  if (!quiet_ && random_.percent(20)) timeline_.after(random_.skewed(0, 60'000), [this, id] { kill(id); });
}

void Masters::repeat_dispatch(std::int64_t id) {
  const Instance& instance = instances_.at(id);
  if (instance.stage != Stage::kDispatched && instance.stage != Stage::kFinished) return;
  order(instance.owner,
        [this, id, owner = instance.owner, delay = instance.delay_minutes] { worker_.dispatch(owner, id, delay); });
}

// --- Kill ---

void Masters::kill_some() { kill(random_.between(1, submitted() + 2)); }

void Masters::kill(std::int64_t id) {
  int master = 0;
  if (const auto found = instances_.find(id); found != instances_.end()) {
    if (found->second.stage == Stage::kQueued) return;
    master = found->second.owner;
    if (found->second.stage == Stage::kDispatched) {
      found->second.stage = Stage::kKilled;
      if (!acknowledge_killed_) history_.push_back({timeline_.now(), What::kUnwanted, id, 0, "", ""});
    }
  }
  order(master, [this, master, id] { worker_.kill(master, id); });
}

// --- Reports ---

void Masters::receive(const Network::Connection& connection, Outbox::Key key) {
  if (!alive(connection.master)) return;
  Instance& instance = instances_.at(key.task_instance_id);
  if (instance.owner != connection.master && state(connection.master).forgetful) return;
  if (key.kind == MessageKind::kReject)
    history_.push_back({timeline_.now(), What::kHeardReject, key.task_instance_id, 0, "", name(connection.master)});
  if (key.kind == MessageKind::kReject && instance.stage == Stage::kDispatched) {
    instance.stage = Stage::kQueued;
    ++instance.rejections;
    timeline_.after(random_.between(500, 5'000), [this, id = key.task_instance_id] { dispatch(id); });
  }
  if (key.kind == MessageKind::kResult) {
    history_.push_back({timeline_.now(), What::kHeard, key.task_instance_id, 0, "", name(connection.master)});
    if (instance.stage == Stage::kKilled && !acknowledge_killed_) return;
    if (instance.stage == Stage::kDispatched) instance.stage = Stage::kFinished;
  }
  answer(connection, key, !quiet_ && random_.percent(15) ? 2 : 1);
}

// Told once, and acknowledged once at most.
void Masters::receive_delay(const Network::Connection& connection, std::int64_t id) {
  if (alive(connection.master)) answer(connection, {id, MessageKind::kResult}, 1);
}

void Masters::answer(const Network::Connection& connection, Outbox::Key key, int times) {
  if (!quiet_ && random_.percent(15)) return;  // lost, or its database has failed
  const std::int64_t wait = quiet_ ? random_.between(0, 50) : random_.skewed(0, 300'000);
  for (int i = 0; i < times; ++i)
    timeline_.after(wait + i * random_.between(0, 5'000), [this, connection, key] {
      if (network_.open(connection)) network_.carry(connection, true, [this, key] { worker_.acknowledge(key); });
    });
}

// --- Ends of masters, and of the worker as they see it ---

void Masters::crash(int master) {
  if (!alive(master)) return;
  state(master).alive = false;
  network_.break_connections(master);
  timeline_.after(random_.between(3'000, 30'000), [this, master] { take_over(master); });
  timeline_.after(random_.between(5'000, 120'000), [this, master] { start(master); });
}

void Masters::start(int master) {
  if (std::exchange(state(master).alive, true)) return;
  state(master).forgetful = drop_unknown_;
}

// 3.1 kills and runs anew; what is running may also just get a new master.
void Masters::take_over(int from) {
  const int to = kMasters - 1 - from;
  if (!alive(to)) return;
  for (auto& [id, instance] : instances_) {
    if (instance.owner != from) continue;
    instance.owner = to;
    if (instance.stage != Stage::kDispatched) continue;
    if (random_.percent(40)) {
      kill(id);
    } else {
      order(to, [this, id = id, to] { worker_.update_host(id, to); });
    }
  }
}

void Masters::node_removed() {
  for (int master = 0; master < kMasters; ++master)
    timeline_.after(random_.between(50, quiet_ ? 500 : 10'000), [this, master] { fail_over(master); });
}

// 3.1 `WorkerFailoverService`: all that was given to the worker that is gone, or to the one before this one.
void Masters::fail_over(int master) {
  if (!alive(master)) return;
  const auto& node = zookeeper_.node();
  for (auto& [id, instance] : instances_) {
    if (instance.owner != master || instance.stage != Stage::kDispatched) continue;
    if (!node || instance.dispatched_at <= node->startup_ms) instance.stage = Stage::kElsewhere;
  }
}

void Masters::quieten() {
  quiet_ = true;
  for (int master = 0; master < kMasters; ++master) start(master);
}

std::string Masters::good() const {
  std::string names = " ";
  for (int master = 0; master < kMasters; ++master)
    if (!state(master).forgetful) names += name(master) + " ";
  return names;
}

}  // namespace porpoise::simulation
