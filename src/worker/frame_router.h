// Frames of masters and API servers, each to whom it concerns.
//
// Owned by cli/worker.cc; the control thread. What makes no sense is counted and said, never answered, and costs the
// peer nothing but that frame (3.1 does the same).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/connection.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "wire/profile.h"
#include "worker/log_thread.h"
#include "worker/task_desk.h"

namespace porpoise {

class FrameRouter {
 public:
  FrameRouter(const wire::Profile& profile, TaskDesk& desk, LogThread& logs, Metrics& metrics, Log& log);

  // On a connection that a peer opened.
  void from_peer(const std::shared_ptr<Connection>& connection, const wire::Frame& frame);
  // On one of the worker's own.
  void from_master(const std::string& master, const wire::Frame& frame);

  // For what answers no request: the opaque must not look like one of the peer's own small numbers, or a Java peer
  // takes the frame for a response that it waits for (3.1 `NettyClientHandler`).
  std::string encode(const wire::Outgoing& message) { return wire::encode(profile_.encode(message, next_opaque_++)); }

 private:
  // Nothing when it makes no sense.
  std::optional<wire::Incoming> decode(const wire::Frame& frame, const std::string& peer);
  bool take_ack(const wire::Incoming& message);
  void answer_log_request(const std::shared_ptr<Connection>& connection, const wire::Frame& frame, LogRequest request);

  const wire::Profile& profile_;
  TaskDesk& desk_;
  LogThread& logs_;
  Metrics& metrics_;
  Log& log_;
  std::int64_t next_opaque_;
};

}  // namespace porpoise
