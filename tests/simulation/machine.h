// The machine that the worker runs on: a disk, task hosts that live on when the worker dies, a power supply.
//
// Owned by World. What of it is like the real thing: the files of a state folder and which of them are synced
// (src/README.md), and the order in which a host writes them (src/taskhost/host.cc).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/accepted_task.h"
#include "model/request.h"
#include "simulation/history.h"
#include "simulation/random.h"
#include "simulation/timeline.h"
#include "wire/messages.h"

namespace porpoise::simulation {

struct Folder {
  std::optional<wire::DispatchTask> dispatch;
  std::string master;
  bool abandoned = false;
  std::optional<std::int64_t> requested_wall_ms;
  bool host_said_who = false;
  std::optional<TaskResult> result;
  // Files that are there and cannot be read; what stood in them is gone.
  bool dispatch_torn = false;
  bool request_torn = false;
  bool result_torn = false;

  // Nobody was told that the task is here.
  bool is_empty() const {
    return !dispatch_torn && !request_torn && !result_torn && !dispatch && master.empty() && !requested_wall_ms &&
           !host_said_who && !result;
  }
};

struct SavedSession {
  std::int64_t session = 0;
  int boot = 0;
  int address = 0;  // of the worker whose it is
};

class HostFollower {
 public:
  virtual ~HostFollower() = default;
  // `result`: none when it died without.
  virtual void host_tells_app_id(std::int64_t task_instance_id, const std::string& app_id) = 0;
  virtual void host_ended(std::int64_t task_instance_id, const std::optional<TaskResult>& result) = 0;
};

class Machine {
 public:
  Machine(Random& random, Timeline& timeline, History& history)
      : random_(random), timeline_(timeline), history_(history) {}

  std::map<std::int64_t, Folder> disk;
  std::optional<SavedSession> session_file;

  Moment now() const { return {kEpoch + timeline_.now() + clock_error_, timeline_.now() - booted_at_}; }
  int boot() const { return boot_; }
  void step_clock(std::int64_t ms) { clock_error_ += ms; }

  // --- Task hosts ---
  void spawn(std::int64_t id);
  bool host_lives(std::int64_t id) const { return hosts_.contains(id); }
  void cancel(std::int64_t id, bool given_up);
  // It answers nothing and ends nothing; only SIGKILL ends it.
  bool host_hangs(std::int64_t id) const { return hosts_.contains(id) && hosts_.at(id).hangs; }
  void give_up_host(std::int64_t id) { die(id); }
  // Kills one, if there is one.
  void kill_some_host();
  // A worker process that hears of their ends, until it is dead.
  using Follower = std::uint64_t;
  Follower follow_with(HostFollower& follower) {
    followers_[++last_follower_] = &follower;
    return last_follower_;
  }
  void stop_following(Follower follower) { followers_.erase(follower); }

  // --- The data folder: for one worker process at a time ---
  // False: another one has it.
  bool lock_data_folder() { return !std::exchange(data_folder_locked_, true); }
  // As it does when its process ends, however that ends.
  void unlock_data_folder() { data_folder_locked_ = false; }

  // Tears one file of one task.
  void tear_a_file();

  // Says when it is up again.
  std::int64_t cut_power();

 private:
  static constexpr std::int64_t kEpoch = 1'700'000'000'000;

  struct Host {
    std::uint64_t number = 0;
    std::int64_t started_wall_ms = 0;
    bool began = false;
    bool cancelled = false;
    bool fenced = false;  // given up: its end is nobody's business
    std::string app_ids;
    bool ended = false;  // its task has, or is not begun any more
    bool ignores_sigterm = false;
    bool hangs = false;
  };
  // Runs unless that host is gone by then.
  void later(std::int64_t ms, std::int64_t id, void (Machine::*then)(std::int64_t, TaskState), TaskState state);
  void begin(std::int64_t id, TaskState state);
  void tell_app_id(std::int64_t id, TaskState state);
  void hang(std::int64_t id, TaskState state);
  void end(std::int64_t id, TaskState state);
  void leave(std::int64_t id, TaskState state);
  void die(std::int64_t id);
  // Those who follow now, a moment later, unless they are dead by then.
  void tell_followers(std::int64_t ms, const std::function<void(HostFollower&)>& what);

  Random& random_;
  Timeline& timeline_;
  History& history_;
  std::map<Follower, HostFollower*> followers_;
  Follower last_follower_ = 0;
  bool data_folder_locked_ = false;
  std::map<std::int64_t, Host> hosts_;
  std::uint64_t next_host_ = 1;
  int boot_ = 1;
  std::int64_t booted_at_ = -5000;
  std::int64_t clock_error_ = 0;
};

}  // namespace porpoise::simulation
