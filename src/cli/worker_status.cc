#include "cli/worker_status.h"

#include <chrono>

#include "base/clock.h"

namespace porpoise {

WorkerGauges levels(const WorkerConfig& config, const TaskTable& table, const Membership& membership,
                    const Listener& listener, const MasterLinks& links, const AlertSender& alerts) {
  WorkerGauges levels;
  levels.running = table.running_by_type();
  levels.waiting = table.waiting();
  levels.slots_total = static_cast<std::size_t>(config.exec_threads);
  levels.slots_used = table.running();
  levels.draining = membership.leaving();
  levels.results_unacked = table.outbox().size();
  levels.oldest_unacked = std::chrono::milliseconds(table.outbox().oldest_age_ms({wall_ms(), mono_ms()}));
  levels.registry_connected = membership.connected();
  levels.incoming_connections = listener.connections();
  levels.master_connections = links.connections();
  levels.alert_connections = alerts.connections();
  return levels;
}

HealthReport health(const TaskDesk& desk, const Membership& membership) {
  return {
      {{"registered", membership.registered(), membership.registered() ? "" : "not in ZooKeeper (yet, or any more)"},
       {"stateDirWritable", desk.storage_works(), desk.storage_works() ? "" : "accepted tasks cannot be written"},
       {"accepting", !membership.leaving(), membership.leaving() ? "draining" : ""}}};
}

}  // namespace porpoise
