// Frames of masters and API servers, each to whom it concerns, if its sender may say that.
//
// Owned by Daemon; the control thread. It hears of the peers' connections from the Listener and of the worker's own
// from MasterLinks, and posts to the loop what the rules must know. What makes no sense is counted and said, never
// answered, and costs the peer nothing but that frame (3.1 does the same).
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "logs/log_queue.h"
#include "logs/log_service.h"
#include "net/listener.h"
#include "net/master_links.h"
#include "observe/log.h"
#include "observe/loop_monitor.h"
#include "observe/metrics.h"
#include "wire/messages.h"
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
  LoopMonitor& monitor;
  Metrics& metrics;
  Log& log;
  RateLimitedLog& complaints;  // about what peers send
};

class FrameRouter final : public ListenerEvents, public MasterLinkEvents {
 public:
  explicit FrameRouter(RouterDeps deps);

  // Of connections that peers opened. Nothing while it is not known whether the peer may send such a frame.
  std::optional<wire::FrameLimits> on_head(const std::shared_ptr<Connection>& connection,
                                           const wire::FrameHead& head) override;
  void on_frame(const std::shared_ptr<Connection>& connection, wire::Frame frame) override;
  void on_ended(Connection::Ending ending, const std::string& text) override;
  bool is_master(const IpBytes& address) const override { return deps_.masters.knows(address); }

  // Of the worker's own.
  void on_frame(const std::string& master, const wire::Frame& frame) override;
  void on_not_sent(const wire::MessageKey& key, const std::string& why) override;
  bool still_due(const wire::MessageKey& key, const std::string& master) override;
  void on_link(const std::string& text) override { deps_.log.warn(text); }
  std::string heartbeat() override { return encode(wire::Beat{}); }

  // Instead of those who might read logs so far.
  void set_log_peers(AddressRanges log_peers) { deps_.log_peers = std::move(log_peers); }

  // For what answers no request: the opaque must not look like one of the peer's own small numbers, or a Java peer
  // takes the frame for a response that it waits for (3.1 `NettyClientHandler`).
  std::string encode(const wire::Outgoing& message) {
    return wire::encode(deps_.profile.encode(message, next_opaque_++));
  }
  // The same, to be called on any thread.
  std::function<std::string()> encoder(wire::Outgoing message) {
    return [&profile = deps_.profile, message = std::move(message), opaque = next_opaque_++] {
      return wire::encode(profile.encode(message, opaque));
    };
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
