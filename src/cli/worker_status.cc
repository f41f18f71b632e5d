#include "cli/worker_status.h"

#include <chrono>

#include "base/clock.h"

namespace porpoise {

WorkerGauges levels(const WorkerConfig& config, const Engine& engine, const Membership& membership,
                    const Listener& listener, const MasterLinks& links, const AlertSender& alerts) {
  WorkerGauges levels;
  levels.running = engine.running_by_type();
  levels.waiting = engine.waiting();
  levels.slots_total = static_cast<std::size_t>(config.exec_threads);
  levels.slots_used = engine.running();
  levels.draining = engine.leaving();
  levels.results_unacked = engine.outbox().size();
  levels.oldest_unacked = std::chrono::milliseconds(engine.outbox().oldest_age_ms({wall_ms(), mono_ms()}));
  levels.registry_connected = membership.connected();
  levels.incoming_connections = listener.connections();
  levels.master_connections = links.connections();
  levels.alert_connections = alerts.connections();
  return levels;
}

HealthReport health(const Engine& engine) {
  return {
      {{"registered", engine.registered(), engine.registered() ? "" : "not in ZooKeeper (yet, or any more)"},
       {"stateDirWritable", engine.storage_works(), engine.storage_works() ? "" : "accepted tasks cannot be written"},
       {"accepting", !engine.leaving(), engine.leaving() ? "draining" : ""}}};
}

}  // namespace porpoise
