// Waits for every child of this process that nobody else waits for, and ends those that nobody accounts for.
//
// A process that is the reaper of its orphans (PR_SET_CHILD_SUBREAPER) gets as its children whatever a dead task host
// leaves behind: leftovers. They are ended as long as new ones come, so that one which forks away is caught, and are
// waited for, so that no zombie stays. A child that was started here, or that is in the session of this process, is not
// one of them: whoever started it waits for it.
//
// Owned by the launcher of the worker; at most one in a process, made before the process has other threads, since it
// takes SIGCHLD for itself. It has a thread of its own, where the handlers are called; its methods may be called on any
// thread. Promises: a leftover is signalled by a number that cannot be a stranger's, as nobody else waits for it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "process/process_info.h"
#include "process/spawn.h"

namespace porpoise {

class ChildReaper {
 public:
  struct Handlers {
    // All leftovers of a burst are dead: how many were alive, and the first of them.
    std::function<void(std::size_t count, const std::vector<ProcessInfo>& first)> on_ended;
    // This one lives after `patience` of SIGKILL, and end_leftovers() has not named it. Called once for each.
    std::function<void(const ProcessInfo& survivor)> on_survivor;
  };
  ChildReaper(Handlers handlers, std::chrono::milliseconds patience);
  ChildReaper(const ChildReaper&) = delete;
  ChildReaper& operator=(const ChildReaper&) = delete;
  ~ChildReaper();

  // spawn() of a child that the caller waits for, by one of the next two, or gives up on, by leave().
  Result<pid_t> start(const SpawnSpec& spec);
  // The wait status of a child of start() that has ended; -1 while it has not.
  int collect(pid_t child);
  // It is about to end, and nobody asks for its status.
  void collect_soon(pid_t child);
  // From now on it is a leftover like any other.
  void leave(pid_t child);

  // Orphans that were started with `entry` ("NAME=value") in their environment are let live; they are waited for, no
  // more. The latest kMaxKept entries count.
  void keep(std::string entry);

  // Waits until no leftover is left, for `limit` at most, and returns those that live on. Whatever a process left that
  // had ended before the call is among them.
  std::vector<ProcessInfo> end_leftovers(std::chrono::milliseconds limit);

 private:
  using Clock = std::chrono::steady_clock;
  struct Leftover {
    ProcessInfo process;
    Clock::time_point since;
    bool named = false;
  };

  void run();
  void collect_ended();
  void wait_for_news(std::chrono::milliseconds limit);
  bool look();
  std::vector<pid_t> strangers();
  bool handle(pid_t child);
  bool is_kept(pid_t child);
  void fight(const ProcessInfo& child);
  void forget_the_dead(const std::vector<pid_t>& seen);
  void name_survivors();
  void tell_ended();
  std::chrono::milliseconds pause() const;

  const Handlers handlers_;
  const std::chrono::milliseconds patience_;
  const pid_t session_;
  const int niceness_;
  UniqueFd signals_;
  UniqueFd wake_;
  std::atomic<bool> stop_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<pid_t> expected_;
  std::unordered_set<pid_t> ending_;  // of these: collect_soon()
  std::set<std::uint64_t> starting_;  // tickets of start() in progress
  std::uint64_t next_ticket_ = 0;
  std::uint64_t looks_begun_ = 0;
  std::uint64_t clean_look_ = 0;  // the last that met no leftover
  std::map<pid_t, Leftover> leftovers_;
  std::set<std::string, std::less<>> kept_;
  std::deque<std::string> kept_in_order_;

  // Of the thread alone.
  std::map<pid_t, Clock::time_point> own_zombies_;  // in our session: perhaps nobody waits for them any more
  std::size_t ended_ = 0;
  std::vector<ProcessInfo> first_ended_;
  Clock::time_point last_news_{};
  std::thread thread_;
};

}  // namespace porpoise
