// What a worker says of itself in its node: the JSON that masters choose by and the monitor page shows. A value; pure.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/zookeeper_client.h"

namespace porpoise {

// Fractions are 0..1 and sizes GiB. NaN and infinity stand for "unknown" and never reach the text.
struct Heartbeat {
  std::int64_t startup_time_ms = 0;
  std::int64_t report_time_ms = 0;
  double cpu_usage = -1;
  double memory_usage = 0;
  double load_average = -1;
  double available_memory_gib = 0;
  double max_cpu_load_avg = 0;  // resolved: see max_load_average
  double reserved_memory_gib = 0;
  double disk_available_gib = 0;
  std::int64_t process_id = 0;
  int host_weight = 100;
  int waiting_tasks = 0;
  int exec_threads = 0;
  bool unwilling = false;  // draining, or something is wrong: reported like an overload, so that no task is sent here
};

enum class ServerStatus { kNormal = 0, kAbnormal = 1, kBusy = 2 };

// 3.1 `OSUtils.checkResource` and `WorkerHeartBeatTask`: overload comes before a long queue.
ServerStatus server_status(const Heartbeat& heartbeat);

// What of the machine is beyond its limit, each with key, value and limit: "load average 9.12 is above max-cpu-load-avg
// 4". None: the machine is not why masters send nothing here.
std::vector<std::string> overloads(const Heartbeat& heartbeat);

// 3.1: a limit of zero or less means twice the CPUs.
double max_load_average(double configured, double cpus);

// The members of 3.1's `WorkerHeartBeat` in its order, doubles with at most two decimals.
std::string to_json_text(const Heartbeat& heartbeat);

// The worker's place in ZooKeeper: keeps its node registered and its heartbeat fresh, across lost connections, restarts
// of this process (the session is saved and taken over, so no master sees a removal) and ended sessions.
//
// Owned by the worker daemon; lives on one io_context and its one thread.
struct RegistrationOptions {
  ConnectString servers;
  std::string name_space = "dolphinscheduler";
  std::chrono::milliseconds session_timeout{60000};  // the server may grant another
  std::string digest;                                // "user:password"; empty: nodes are open to everybody, as in 3.1
  std::string address;                               // HOST:PORT
  std::filesystem::path session_file;                // empty: a restart is a new registration
  bool takeover_allowed = true;                      // until allow_takeover() says otherwise
  std::string boot_id;                               // a session of another boot is ended, not taken over
  std::int64_t startup_time_ms = 0;                  // of a registration that takes over nothing
  std::chrono::milliseconds heartbeat_interval{10000};  // or a third of the session timeout, if that is shorter
  std::chrono::milliseconds rival_wait{3000};  // how long a node of another session must be silent to be replaced
};

// What becomes of a registration, told on the thread of its io_context (a RegistrationThread's: on the control thread).
// None but on_log comes from inside a call into Registration; each may call it, but not destroy it.
class RegistrationEvents {
 public:
  virtual ~RegistrationEvents() = default;
  // Resumed: the node was there all the time, and tasks of the previous process are still this worker's.
  virtual void on_registered(bool resumed, std::int64_t startup_time_ms) = 0;
  virtual void on_suspended() {}    // the connection is lost; the node is still there
  virtual void on_reconnected() {}  // in time: nothing has happened
  // Masters give the tasks of this worker to others, or will: the session has ended, or nothing was heard of a server
  // for as long as it lasts, or the node was taken away. Nothing more happens until register_again().
  virtual void on_expired(std::string_view why) = 0;
  // It cannot be registered now; it keeps trying for ever. Said once per kind of problem until it is registered:
  // kUnavailable: no server is reached; kDenied: an ACL; kCancelled: another live worker has this address.
  virtual void on_problem(const Error& /*error*/) {}
  // All that are registered; after each change. A node that is not ephemeral is no master's.
  virtual void on_masters(const std::vector<std::string>& /*addresses*/) {}
  virtual void on_warning(std::string_view /*text*/) {}  // for the administrator; each once, or once a registration
  virtual void on_log(std::string_view /*line*/) {}      // details for a debug log
  // A server has confirmed a heartbeat that was sent then: the session lasts for its timeout from there, if not longer.
  // Of a RegistrationThread on its own thread, as what depends on it must not wait for the loop.
  virtual void on_alive(std::chrono::steady_clock::time_point /*sent*/, std::chrono::milliseconds /*session_timeout*/) {
  }
};

class RegistrationListener : public RegistrationEvents {
 public:
  // The text to write now: never empty, see heartbeat.h.
  virtual std::string heartbeat(std::int64_t startup_time_ms) = 0;
};

class Registration {
 public:
  Registration(boost::asio::io_context& io, RegistrationOptions options, RegistrationListener& listener);
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  // Leaves the node to the session timeout, as a crash would: the next process takes it over. See close().
  ~Registration();

  void start();
  void refresh();  // writes a heartbeat at once, when registered
  // After on_expired(), when no task of before is left here.
  void register_again(std::int64_t startup_time_ms);
  // Whether a later process may continue with this session and all that belongs to it. On disk when this returns, which
  // is on any thread. An error: a restart will not take over.
  Status allow_takeover(bool allowed);
  // Leaves the session to the server, as if no server had been reached for as long as it lasts: on_expired(why).
  void give_up(const std::string& why);
  // For good: the node is gone when this returns, if a server is reached; blocks for up to 4.5 s when it hangs.
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace porpoise
