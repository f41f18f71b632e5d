// What the worker has to do with its node in ZooKeeper: what it hears from there (Membership), what it says there
// (WorkerHeartbeat), and until when that makes its tasks its own (LeaseKeeper). Each lives on another thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/worker_config.h"
#include "machine/machine_load.h"
#include "observe/log.h"
#include "observe/loop_monitor.h"
#include "observe/metrics.h"
#include "registry/registration.h"
#include "registry/registration_thread.h"
#include "worker/peer_authorizer.h"
#include "worker/worker_loop.h"

namespace porpoise {

class LeaseKeeper;
class TaskExecutor;

struct MembershipDeps {
  boost::asio::io_context& io;
  WorkerLoop& loop;
  PeerAuthorizer& masters;  // hears which are registered
  LeaseKeeper& lease;
  TaskExecutor& executor;  // hears until when its tasks are this worker's
  LoopMonitor& monitor;
  Metrics& metrics;
  Log& log;
};

// The adapter between the registry and the Engine: what the registry tells becomes events.
//
// Owned by Daemon; the control thread. What a heartbeat says is WorkerHeartbeat's business, and what follows
// from a session's end is the Engine's business.
class Membership final : public RegistrationEvents {
 public:
  explicit Membership(const MembershipDeps& deps) : deps_(deps) {}

  bool connected() const { return connected_; }

  void on_registered(bool resumed, std::int64_t startup_time_ms) override;
  void on_suspended() override;
  void on_reconnected() override;
  void on_expired(std::string_view why) override;
  void on_problem(const Error& error) override;
  void on_masters(const std::vector<std::string>& addresses) override;
  void on_warning(std::string_view text) override { deps_.log.warn(text); }
  void on_log(std::string_view line) override { deps_.log.debug(line); }
  void on_alive(std::chrono::steady_clock::time_point sent, std::chrono::milliseconds session_timeout) override;

 private:
  MembershipDeps deps_;
  bool connected_ = false;
};

// What this worker says of itself in its node: how loaded the machine is, how much it may take, and whether it wants
// more.
//
// Owned by Daemon; on the registration's thread, which may wait for the file system of the data folder;
// overload() on any.
class WorkerHeartbeat {
 public:
  WorkerHeartbeat(const WorkerConfig& config, const LoopMonitor& monitor, Metrics& metrics, Log& log)
      : config_(config), monitor_(monitor), metrics_(metrics), log_(log) {}

  // The text of the node. Counts the times that it keeps tasks away because the machine is busy, says when that begins
  // and ends, and names a handler of the loop that does not come back.
  std::string text(std::int64_t startup_time_ms, const LoopLevels& levels);

  // Which limits were passed at the last heartbeat, with their values; empty: none.
  std::string overload() const;

 private:
  void name_what_hangs();
  void note_overload(const Heartbeat& beat);

  const WorkerConfig& config_;
  const LoopMonitor& monitor_;
  Metrics& metrics_;
  Log& log_;
  MachineLoad load_;
  mutable std::mutex mutex_;
  std::string overload_;
};

class LeaseEvents {
 public:
  virtual ~LeaseEvents() = default;
  // A renewal could not be written, or what is looked after is in danger. On the keeper's thread; it must not block.
  virtual void on_lease_problem(const Error& problem) = 0;
};

// Renews the worker's lease (taskdir/liveness.h), by which its hosts know that their tasks are still its own, also when
// it is dead: each time a server of ZooKeeper has confirmed that the session lives. Whatever else of the data folder is
// to be looked after is done beside it, and every few seconds while no server does.
//
// Owned by Daemon. renew() may be called on any thread and does not block: the file is written on a thread of
// the keeper's own, which is left to itself at the end if the disk holds it up. Where tasks are kept whatever masters
// think (on-session-expired: keep), the lease never runs out.
class LeaseKeeper {
 public:
  // `look_after` is called on the keeper's thread, also when this is about to end; its error is a problem to hear of.
  LeaseKeeper(std::filesystem::path file, bool keep_tasks, std::function<Status()> look_after, LeaseEvents& events);
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;
  ~LeaseKeeper();

  // A server confirmed something that was `asked` of it then, so the session lasts for `session_timeout` from there.
  void renew(std::chrono::steady_clock::time_point asked, std::chrono::milliseconds session_timeout);

 private:
  struct Shared;
  const bool keep_tasks_;
  const std::shared_ptr<Shared> shared_;  // with the thread
};

}  // namespace porpoise
