// Alerts on their way to the alert server, each on a connection of its own that ends with the answer (3.1
// `AlertClientService`).
//
// One io_context, one thread. No task waits for an alert, and a run of the worker tries each alert
// once: it reports one that did not get through, and that is all.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
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

class AlertSender {
 public:
  using OnProblem = std::function<void(const std::string& text)>;

  // `profile` is borrowed.
  AlertSender(boost::asio::io_context& io, AlertOptions options, const wire::Profile& profile, OnProblem on_problem);
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;
  ~AlertSender();

  // `on_answer`: the server has answered, whatever it could do. Not called for an alert that never got so far.
  void send(const wire::Alert& alert, std::function<void()> on_answer = {});
  std::size_t connections() const { return calls_.size(); }

 private:
  class Call;

  boost::asio::io_context& io_;
  const AlertOptions options_;
  const wire::Profile& profile_;
  const OnProblem on_problem_;
  std::int64_t next_opaque_ = 1;
  std::set<std::shared_ptr<Call>> calls_;
};

}  // namespace porpoise
