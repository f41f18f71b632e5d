// Alerts on their way to the alert server, each on a connection of its own that ends with the answer (3.1
// `AlertClientService`).
//
// One io_context, one thread. No task waits for an alert, and a run of the worker tries each alert
// once: it reports one that did not get through, and that is all.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "wire/messages.h"

namespace porpoise {

struct AlertOptions {
  std::string server;                       // "host:port"
  std::chrono::milliseconds limit{10'000};  // for all of it (3.1: for the answer)
  std::size_t max_at_once = 64;             // a server that is down is asked no more often than that
};

// What becomes of alerts; on the sender's thread, possibly from inside send().
class AlertEvents {
 public:
  virtual ~AlertEvents() = default;

  // The server has answered, whatever it could do. Not called for an alert that never got so far.
  virtual void on_answer(std::int64_t task_instance_id) = 0;
  // An alert was not sent: one line for the log, with the server and the key that names it.
  virtual void on_problem(const std::string& text) = 0;
};

class AlertSender {
 public:
  // `profile` and `events` are borrowed.
  AlertSender(boost::asio::io_context& io, AlertOptions options, const wire::Profile& profile, AlertEvents& events);
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;
  ~AlertSender();

  // `task_instance_id`: of the task that asked for it, for on_answer().
  void send(std::int64_t task_instance_id, const wire::Alert& alert);
  std::size_t connections() const { return calls_.size(); }

 private:
  class Call;

  boost::asio::io_context& io_;
  const AlertOptions options_;
  const wire::Profile& profile_;
  AlertEvents& events_;
  std::int64_t next_opaque_ = 1;
  std::set<std::shared_ptr<Call>> calls_;
};

}  // namespace porpoise
