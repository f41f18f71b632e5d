#include "worker/membership.h"

#include <unistd.h>

#include <utility>

#include "base/clock.h"
#include "registry/heartbeat.h"

namespace porpoise {

Membership::Membership(MembershipDeps parts)
    : parts_(std::move(parts)), standing_(parts_.config.on_session_expired == ExpiryPolicy::kKeep, *this) {}

void Membership::leave() {
  standing_.leave();
  if (registration_ != nullptr) registration_->refresh();
}

std::string Membership::heartbeat(std::int64_t startup_time_ms) {
  const Load load = load_.sample(parts_.config.data_dir);
  Heartbeat beat;
  beat.startup_time_ms = startup_time_ms;
  beat.report_time_ms = wall_ms();
  beat.cpu_usage = load.cpu_usage;
  beat.memory_usage = load.memory_usage;
  beat.load_average = load.load_average;
  beat.available_memory_gib = load.available_memory_gib;
  beat.max_cpu_load_avg = max_load_average(parts_.config.max_cpu_load_avg, load.cpus);
  beat.reserved_memory_gib = parts_.config.reserved_memory;
  beat.disk_available_gib = load.disk_available_gib;
  beat.process_id = ::getpid();
  beat.host_weight = parts_.config.host_weight;
  beat.waiting_tasks = static_cast<int>(parts_.table.waiting());
  beat.exec_threads = parts_.config.exec_threads;
  beat.unwilling = leaving() || !parts_.desk.storage_works();
  if (server_status(beat) == ServerStatus::kAbnormal) parts_.metrics.tasks.overloaded();
  return to_json_text(beat);
}

void Membership::on_registered(bool resumed, std::int64_t startup_time_ms) {
  parts_.log.info(resumed ? "registered: the session of the previous run goes on" : "registered",
                  {{"startup_time", startup_time_ms}});
  connected_ = true;
  standing_.registered(resumed);
}

void Membership::on_suspended() {
  parts_.log.warn("the connection to ZooKeeper is lost; tasks go on");
  connected_ = false;
}

void Membership::on_reconnected() {
  parts_.log.info("connected to ZooKeeper again, in the same session");
  connected_ = true;
}

void Membership::on_expired(std::string_view why) {
  parts_.log.error("the registration has ended: " + std::string(why));
  parts_.metrics.messages.session_expired();
  connected_ = false;
  standing_.expired();
}

void Membership::fence(const std::string& reason) {
  parts_.desk.fence(reason, [this] { standing_.fenced(); });
}

void Membership::register_again() { registration_->register_again(wall_ms()); }

void Membership::on_problem(const Error& error) {
  const bool denied = error.code() == ErrorCode::kDenied;
  parts_.log.error(error.to_string() + "; trying on; look at the key '" + (denied ? "zookeeper-digest" : "zookeeper") +
                   "' if that does not help");
}

}  // namespace porpoise
