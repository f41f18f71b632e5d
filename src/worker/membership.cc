#include "worker/membership.h"

#include <unistd.h>

#include "base/clock.h"
#include "registry/registration.h"

namespace porpoise {

std::string Membership::heartbeat(std::int64_t startup_time_ms) {
  const Load load = load_.sample(deps_.config.data_dir);
  Heartbeat beat;
  beat.startup_time_ms = startup_time_ms;
  beat.report_time_ms = wall_ms();
  beat.cpu_usage = load.cpu_usage;
  beat.memory_usage = load.memory_usage;
  beat.load_average = load.load_average;
  beat.available_memory_gib = load.available_memory_gib;
  beat.max_cpu_load_avg = max_load_average(deps_.config.max_cpu_load_avg, load.cpus);
  beat.reserved_memory_gib = deps_.config.reserved_memory;
  beat.disk_available_gib = load.disk_available_gib;
  beat.process_id = ::getpid();
  beat.host_weight = deps_.config.host_weight;
  beat.waiting_tasks = static_cast<int>(deps_.loop.engine().waiting());
  beat.exec_threads = deps_.config.exec_threads;
  beat.unwilling = deps_.loop.engine().leaving() || !deps_.loop.engine().storage_works();
  if (server_status(beat) == ServerStatus::kAbnormal) deps_.metrics.tasks.overloaded();
  return to_json_text(beat);
}

void Membership::on_registered(bool resumed, std::int64_t startup_time_ms) {
  deps_.log.info(resumed ? "registered: the session of the previous run goes on" : "registered",
                 {{"startup_time", startup_time_ms}});
  connected_ = true;
  deps_.loop.post(event::Registered{resumed});
}

void Membership::on_suspended() {
  deps_.log.warn("the connection to ZooKeeper is lost; tasks go on");
  connected_ = false;
}

void Membership::on_reconnected() {
  deps_.log.info("connected to ZooKeeper again, in the same session");
  connected_ = true;
}

void Membership::on_expired(std::string_view why) {
  deps_.log.error("the registration has ended: " + std::string(why));
  deps_.metrics.messages.session_expired();
  connected_ = false;
  deps_.loop.post(event::SessionLost{});
}

void Membership::on_problem(const Error& error) {
  const bool denied = error.code() == ErrorCode::kDenied;
  deps_.log.error(error.to_string() + "; trying on; look at the key '" + (denied ? "zookeeper-digest" : "zookeeper") +
                  "' if that does not help");
}

}  // namespace porpoise
