// A DolphinScheduler 3.1 master as a worker sees it: it opens a connection to dispatch and to kill, is connected to for
// RUNNING, RESULT and REJECT, keeps every message, and acknowledges as its test says.
//
//   ScriptedMaster master(io);
//   master.acknowledge = [](const WorkerMessage& message) { return message.earlier < 2 ? kNoAck : Ack(); };
//   ASSERT_TRUE(master.connect(worker.address()));
//   master.dispatch({.task_instance_id = 7, .script = "echo hello"});
//   const WorkerMessage* result = master.wait_for(wire::Command::kTaskExecuteResult, 7);
//
// Lives on the caller's io_context and thread; nothing happens but in the wait_… functions, which end at their limit.
// Dates are in UTC: the worker needs `--time-zone UTC`.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "net/listener.h"
#include "support/scripted_peers.h"

namespace porpoise::support {

// What a dispatch says; the members of 3.1 `TaskExecutionContext` that are not here have its defaults.
struct TaskSpec {
  std::int64_t task_instance_id = 0;
  std::string script{};  // rawScript
  std::string params{};  // the whole taskParams, instead of `script`
  std::string type = "SHELL";
  std::string tenant{};  // empty: the worker's own user
  std::int64_t process_instance_id = 900001;
  std::string timeout_strategy{};  // WARN, FAILED, WARNFAILED
  std::int64_t timeout_seconds = 0;
  std::int64_t delay_minutes = 0;
  bool dry_run = false;
  std::string environment{};  // environmentConfig
  OrderedJson more{};         // members that replace those of the context
};

struct WorkerMessage {
  wire::Command command{};
  std::int64_t task_instance_id = 0;  // 0: it names none
  std::int64_t opaque = 0;
  std::string body;
  std::chrono::steady_clock::time_point at;
  int earlier = 0;  // messages of the same command about the same task before it

  Json json() const { return parse_json(body).value_or(Json::object()); }
};

// How a message is answered.
struct Ack {
  int times = 1;
  bool success = true;
  std::chrono::milliseconds delay{0};
};
inline constexpr Ack kNoAck{.times = 0};

class ScriptedMaster {
 public:
  using Seconds = std::chrono::seconds;
  static constexpr Seconds kLimit{30};  // of a busy machine

  explicit ScriptedMaster(boost::asio::io_context& io);

  // Of RUNNING, RESULT and REJECT. May dispatch and kill from in here.
  std::function<Ack(const WorkerMessage&)> acknowledge = [](const WorkerMessage&) { return Ack(); };

  // "127.0.0.1:port"; what the worker is told to report to. Empty: it could not listen.
  const std::string& address() const { return address_; }

  // Tries again until the worker listens. A second call replaces the connection.
  Status connect(const std::string& worker, Seconds limit = kLimit);
  void disconnect();
  bool connected() const { return to_worker_ && to_worker_->open(); }
  // Closes what workers have opened and listens no more, until come_back() on the same port.
  void go_away() { listener_.reset(); }
  Status come_back();

  // On the connection to the worker; the opaque of the frame. -1 when it is closed.
  std::int64_t dispatch(const TaskSpec& task);
  std::int64_t kill(std::int64_t task_instance_id);
  std::int64_t update_host(std::int64_t task_instance_id, const std::string& master);
  std::int64_t send(wire::Command command, const OrderedJson& body);

  // All that came, in order, on either side's connections; heartbeats are not kept. References stay valid.
  const std::deque<WorkerMessage>& messages() const { return messages_; }
  // The first, second… such message; nullptr when it has not come (yet).
  const WorkerMessage* find(wire::Command command, std::int64_t task_instance_id, int earlier = 0) const;
  const WorkerMessage* wait_for(wire::Command command, std::int64_t task_instance_id, int earlier = 0,
                                Seconds limit = kLimit);
  // Handles events until `done`; false when that takes too long.
  bool wait_until(const std::function<bool()>& done, Seconds limit = kLimit);

 private:
  void take(const std::shared_ptr<Connection>& connection, wire::Frame frame);
  void answer(const std::shared_ptr<Connection>& connection, const WorkerMessage& message);

  boost::asio::io_context& io_;
  ScriptedPeers peers_;
  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::shared_ptr<Connection> to_worker_;
  std::deque<WorkerMessage> messages_;
  std::map<std::pair<wire::Command, std::int64_t>, std::deque<std::size_t>> places_;  // in messages_
  std::int64_t next_opaque_ = 1;
};

}  // namespace porpoise::support
