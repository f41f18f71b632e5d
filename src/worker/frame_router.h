// Frames of masters and API servers, each to whom it concerns, if its sender may say that.
//
// Owned by Daemon; the control thread. What makes no sense is counted and said, never answered, and costs the
// peer nothing but that frame (3.1 does the same).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "logs/log_queue.h"
#include "logs/log_thread.h"
#include "net/connection.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "wire/messages.h"
#include "worker/local_peers.h"
#include "worker/peer_authorizer.h"
#include "worker/task_request.h"
#include "worker/worker_loop.h"

namespace porpoise {

struct RouterDeps {
  boost::asio::io_context& io;
  const wire::Profile& profile;
  WorkerLoop& loop;
  const WorkerPaths& paths;
  const TimeZone& zone;
  LogThread& logs;
  PeerAuthorizer& masters;
  LocalPeers& local_peers;
  AddressRanges log_peers;  // who may read logs in addition to masters; those that it names may remove them, too
  Metrics& metrics;
  Log& log;
  RateLimitedLog& complaints;  // about what peers send
};

class FrameRouter {
 public:
  explicit FrameRouter(RouterDeps deps);

  // The limits of a frame that a peer begins to send; nothing while it is not known whether it may: see
  // Connection::OnHead.
  std::optional<wire::FrameLimits> on_head(const std::shared_ptr<Connection>& connection, const wire::FrameHead& head);
  // A frame whose head was let through, on a connection that a peer opened.
  void from_peer(const std::shared_ptr<Connection>& connection, const wire::Frame& frame);
  // On one of the worker's own.
  void from_master(const std::string& master, const wire::Frame& frame);

  // Instead of those who might read logs so far.
  void set_log_peers(AddressRanges log_peers) { deps_.log_peers = std::move(log_peers); }

  // For what answers no request: the opaque must not look like one of the peer's own small numbers, or a Java peer
  // takes the frame for a response that it waits for (3.1 `NettyClientHandler`).
  std::string encode(const wire::Outgoing& message) {
    return wire::encode(deps_.profile.encode(message, next_opaque_++));
  }

 private:
  void ask_for(const std::shared_ptr<Connection>& connection, std::function<void(Connection&, const Status& may)> then);
  std::string who_asks(const Connection& connection) const;
  void refuse(Connection& connection, wire::Command command, const char* key, const Error& why);
  // Nothing when it makes no sense.
  std::optional<wire::Incoming> decode(const wire::Frame& frame, const std::string& peer);
  void take_dispatch(const wire::DispatchTask& dispatch, const std::string& body);
  bool take_ack(const wire::Incoming& message);
  void remove_log(const std::shared_ptr<Connection>& connection, const wire::Frame& frame, wire::RemoveLog request);
  void answer_log_request(const std::shared_ptr<Connection>& connection, const wire::Frame& frame, LogRequest request);

  RouterDeps deps_;
  const std::shared_ptr<LogQueue> log_queue_;
  std::int64_t next_opaque_;
};

}  // namespace porpoise
