#include "simulation/machine.h"

#include <iterator>
#include <utility>

namespace porpoise::simulation {

void Machine::later(std::int64_t ms, std::int64_t id, void (Machine::*then)(std::int64_t, TaskState), TaskState state) {
  timeline_.after(ms, [this, id, number = hosts_.at(id).number, then, state] {
    const auto found = hosts_.find(id);
    if (found != hosts_.end() && found->second.number == number) (this->*then)(id, state);
  });
}

void Machine::spawn(std::int64_t id) {
  Host host;
  host.number = next_host_++;
  host.started_wall_ms = now().wall_ms;
  host.ignores_sigterm = random_.percent(20);
  hosts_[id] = host;
  later(random_.between(1, 50), id, &Machine::begin, TaskState::kSuccess);
  if (random_.percent(3)) later(random_.between(0, 20'000), id, &Machine::hang, TaskState::kSuccess);
}

void Machine::begin(std::int64_t id, TaskState) {
  if (hosts_.at(id).ended) return;
  disk[id].host_said_who = true;
  hosts_.at(id).began = true;
  history_.push_back({timeline_.now(), What::kBegan, id, 0, "", ""});
  const TaskState state = random_.percent(80) ? TaskState::kSuccess : TaskState::kFailure;
  if (random_.percent(30)) later(random_.skewed(0, 60'000), id, &Machine::tell_app_id, state);
  if (!hosts_.at(id).cancelled)
    later(random_.percent(50) ? random_.between(0, 3'000) : random_.between(0, 90'000), id, &Machine::end, state);
}

// On disk first (src/taskhost/supervisor.cc), which the result then shows.
void Machine::tell_app_id(std::int64_t id, TaskState) {
  Host& host = hosts_.at(id);
  if (host.ended) return;
  const std::string app_id = "job_" + std::to_string(host.number);
  host.app_ids += (host.app_ids.empty() ? "" : ",") + app_id;
  for (const auto& [number, follower] : followers_) follower->host_tells_app_id(id, app_id);
}

void Machine::hang(std::int64_t id, TaskState) { hosts_.at(id).hangs = !hosts_.at(id).ended; }

// Nothing of the task lives; then its result is written; then it is told.
void Machine::end(std::int64_t id, TaskState state) {
  if (hosts_.at(id).hangs) return;
  hosts_.at(id).ended = true;
  if (std::exchange(hosts_.at(id).began, false)) history_.push_back({timeline_.now(), What::kDied, id, 0, "", ""});
  later(random_.between(0, 5), id, &Machine::leave, state);
}

void Machine::leave(std::int64_t id, TaskState state) {
  TaskResult result;
  result.task_instance_id = id;
  result.state = state;
  result.start_time_ms = hosts_.at(id).started_wall_ms;
  result.end_time_ms = now().wall_ms;
  result.app_ids = hosts_.at(id).app_ids;
  result.process_id = static_cast<std::int64_t>(hosts_.at(id).number);
  disk[id].result = result;
  disk[id].result_torn = false;
  const bool by_fence = hosts_.at(id).fenced && state == TaskState::kKill;
  history_.push_back({timeline_.now(), What::kResult, id, by_fence ? 1 : 0, std::string(to_string(state)), ""});
  hosts_.erase(id);
  tell_followers(random_.between(0, 3), [id, result](HostFollower& follower) { follower.host_ended(id, result); });
}

void Machine::tell_followers(std::int64_t ms, const std::function<void(HostFollower&)>& what) {
  for (const auto& [number, follower] : followers_)
    timeline_.after(ms, [this, number = number, what] {
      if (const auto found = followers_.find(number); found != followers_.end()) what(*found->second);
    });
}

void Machine::die(std::int64_t id) {
  if (hosts_.at(id).began) history_.push_back({timeline_.now(), What::kDied, id, 0, "", ""});
  hosts_.erase(id);
  tell_followers(random_.between(0, 3), [id](HostFollower& follower) { follower.host_ended(id, std::nullopt); });
}

void Machine::cancel(std::int64_t id, bool given_up) {
  const auto found = hosts_.find(id);
  if (found == hosts_.end()) return;
  found->second.fenced = found->second.fenced || given_up;
  if (std::exchange(found->second.cancelled, true)) return;
  later(found->second.ignores_sigterm ? 10'000 : random_.between(1, 500), id, &Machine::end, TaskState::kKill);
}

void Machine::kill_some_host() {
  if (!hosts_.empty()) die(hosts_.begin()->first);
}

void Machine::tear_a_file() {
  if (disk.empty()) return;
  auto at = disk.begin();
  std::advance(at, random_.between(0, static_cast<std::int64_t>(disk.size()) - 1));
  Folder& folder = at->second;
  const std::int64_t file = random_.between(0, kTornResult);
  if (file == 0 && folder.dispatch) {
    folder.dispatch.reset();
    folder.dispatch_torn = true;
  } else if (file == 1 && folder.requested_wall_ms) {
    folder.request_torn = true;
  } else if (file == kTornResult && folder.result) {
    folder.result.reset();
    folder.result_torn = true;
  } else {
    return;
  }
  history_.push_back({timeline_.now(), What::kTorn, at->first, file, "", ""});
}

// What was not synced may be gone, each file by itself.
std::int64_t Machine::cut_power() {
  followers_.clear();
  hosts_.clear();
  ++boot_;
  booted_at_ = timeline_.now() + random_.between(5'000, 60'000);
  for (auto& [id, folder] : disk) {
    if (random_.percent(50)) folder.dispatch.reset();
    if (random_.percent(50)) folder.master.clear();
    if (random_.percent(50)) folder.requested_wall_ms.reset();
    if (random_.percent(50)) folder.host_said_who = false;
  }
  return booted_at_;
}

}  // namespace porpoise::simulation
