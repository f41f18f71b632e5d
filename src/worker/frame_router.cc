#include "worker/frame_router.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/overloaded.h"

namespace porpoise {
namespace {

constexpr std::int64_t kFirstOpaque = std::int64_t{1} << 40;  // far above every counter of a Java peer

enum class Audience { kAnybody, kLogPeers, kLogRemovers, kMasters };

Audience audience_of(wire::Command command) {
  switch (command) {
    case wire::Command::kPing:
    case wire::Command::kHeartBeat: return Audience::kAnybody;
    case wire::Command::kRemoveTaskLogRequest: return Audience::kLogRemovers;  // who may not is told so: remove_log()
    case wire::Command::kGetAppIdRequest:
    case wire::Command::kRollViewLogRequest:
    case wire::Command::kViewWholeLogRequest:
    case wire::Command::kGetLogBytesRequest: return Audience::kLogPeers;
    default: return Audience::kMasters;
  }
}

// A request for a log has one path, a heartbeat ten bytes. No context of 3.1 has more than twelve.
constexpr wire::FrameLimits kOfStrangers{.max_context_bytes = 1U << 10U, .max_body_bytes = 8U << 10U};

// A dispatch that is too large is answered, too. Its sender and its task stand at the beginning.
wire::FrameLimits limits_of_known(wire::Command command) {
  wire::FrameLimits limits;
  if (command == wire::Command::kTaskDispatchRequest) limits.kept_of_larger = 64U << 10U;
  return limits;
}

std::int64_t random_opaque() {
  std::random_device device;
  return kFirstOpaque + std::uniform_int_distribution<std::int64_t>(0, kFirstOpaque)(device);
}

}  // namespace

FrameRouter::FrameRouter(RouterDeps deps)
    : deps_(std::move(deps)),
      log_queue_(std::make_shared<LogQueue>(deps_.io, deps_.logs)),
      next_opaque_(random_opaque()) {}

std::optional<wire::FrameLimits> FrameRouter::on_head(const std::shared_ptr<Connection>& connection,
                                                      const wire::FrameHead& head) {
  const Audience audience = audience_of(head.command);
  const bool known = deps_.masters.knows(connection->address());
  const bool for_masters = audience == Audience::kMasters || (audience == Audience::kLogRemovers && known);
  if (known && (!for_masters || connection->trusted())) return limits_of_known(head.command);
  const bool may_read = audience == Audience::kLogPeers && deps_.log_peers.contains(connection->address());
  if (!for_masters && (audience != Audience::kLogPeers || may_read)) return kOfStrangers;
  ask_for(connection, [this, command = head.command, audience](Connection& asking, const Status& may) {
    if (may && audience != Audience::kLogPeers) asking.trust();
    if (!may && audience != Audience::kLogRemovers)
      return refuse(asking, command, audience == Audience::kMasters ? "allow-masters" : "allow-log-peers", may.error());
    asking.go_on(may ? limits_of_known(command) : kOfStrangers);
  });
  return std::nullopt;
}

// Whether it is a master: by its address and, on this machine, by its process.
void FrameRouter::ask_for(const std::shared_ptr<Connection>& connection,
                          std::function<void(Connection&, const Status& may)> then) {
  const auto answer = [weak = std::weak_ptr(connection), then = std::move(then)](const Status& may) {
    if (const auto asking = weak.lock(); asking && asking->open()) then(*asking, may);
  };
  deps_.masters.ask(connection->address(), [this, weak = std::weak_ptr(connection), answer](const Status& may) {
    const auto asking = weak.lock();
    if (!may || !asking) return answer(may);
    deps_.local_peers.judge(asking->peer_end(), asking->own_end(), deps_.masters.registered(), answer);
  });
}

void FrameRouter::refuse(Connection& connection, wire::Command command, const char* key, const Error& why) {
  deps_.metrics.messages.rejected(FrameRejection::kPeer);
  const std::string host = connection.peer().substr(0, connection.peer().rfind(':'));
  const bool is_address = !deps_.masters.knows(connection.address());
  connection.close("it may not send " + std::string(wire::name_of(command)) + ": " + why.message() +
                   (is_address ? "; if it is trusted, name it (" + std::string(key) + ": " + host + ")" : ""));
}

// A master connects from any port, so its address has to do.
std::string FrameRouter::who_asks(const Connection& connection) const {
  std::string host = connection.peer().substr(0, connection.peer().rfind(':'));
  const std::vector<SocketEnd>& masters = deps_.masters.registered();
  const auto is_there = [&](const SocketEnd& master) { return master.address == connection.address(); };
  const auto found = std::find_if(masters.begin(), masters.end(), is_there);
  if (found == masters.end() || std::count_if(masters.begin(), masters.end(), is_there) > 1) return host;
  return "master " + host + ":" + std::to_string(found->port);
}

// --- Connections that peers opened ---

void FrameRouter::on_ended(Connection::Ending ending, const std::string& text) {
  const LoopMonitor::Scope scope(deps_.monitor, "connection ended");
  deps_.complaints.warn(text);
  if (ending == Connection::Ending::kMalformed) deps_.metrics.messages.rejected(FrameRejection::kMalformed);
  if (ending == Connection::Ending::kDeadline) deps_.metrics.messages.rejected(FrameRejection::kDeadline);
}

void FrameRouter::on_frame(const std::shared_ptr<Connection>& connection, wire::Frame frame) {
  const LoopMonitor::Scope scope(deps_.monitor, wire::name_of(frame.command));
  auto message = decode(frame, connection->peer());
  if (!message || take_ack(*message)) return;
  const auto answer = [&](const wire::Outgoing& outgoing) {
    connection->send(wire::encode(deps_.profile.encode(outgoing, frame.opaque)));
  };
  const auto read_log = [&](auto& request) { answer_log_request(connection, frame, std::move(request)); };
  std::visit(
      Overloaded{[&](wire::DispatchTask& dispatch) { take_dispatch(dispatch, frame.body); },
                 [&](wire::KillTask& kill) {
                   deps_.log.info("kill", {{"task_instance_id", kill.task_instance_id}});
                   deps_.loop.post(event::KillAsked{kill.task_instance_id, connection->id(), who_asks(*connection)});
                 },
                 [&](wire::UpdateHost& update) {
                   deps_.loop.post(event::HostChanged{update.task_instance_id, update.master});
                 },
                 [&](wire::Savepoint& savepoint) { answer(wire::SavepointAnswer{savepoint.task_instance_id}); },
                 [&](wire::Ping&) { answer(wire::Pong{}); }, [&](wire::ViewLogPage& request) { read_log(request); },
                 [&](wire::ViewWholeLog& request) { read_log(request); },
                 [&](wire::GetLogBytes& request) { read_log(request); },
                 [&](wire::RemoveLog& request) { remove_log(connection, frame, std::move(request)); },
                 [&](wire::GetAppIds& request) { read_log(request); },
                 [&](wire::AlertAnswer&) { deps_.metrics.messages.rejected(FrameRejection::kUnexpected); },
                 [&](wire::Ignored&) { deps_.metrics.messages.rejected(FrameRejection::kUnexpected); }, [](auto&) {}},
      *message);
}

// --- The worker's own connections ---

void FrameRouter::on_frame(const std::string& master, const wire::Frame& frame) {
  const LoopMonitor::Scope scope(deps_.monitor, wire::name_of(frame.command));
  if (const auto message = decode(frame, master); message && !take_ack(*message))
    deps_.log.debug("ignored a frame on the worker's own connection",
                    {{"master", master}, {"command", wire::name_of(frame.command)}});
}

void FrameRouter::on_not_sent(const wire::MessageKey& key, const std::string&) {
  deps_.metrics.messages.sent(SendOutcome::kUnreachable);
  deps_.loop.post(event::NotSent{key});
}

// RUNNING that waits for a master while another one takes the task over, and hears its RESULT, is not told any more.
bool FrameRouter::still_due(const wire::MessageKey& key, const std::string& master) {
  return key.kind != MessageKind::kRunning || deps_.loop.engine().master_of(key.task_instance_id) == master;
}

// --- What they say ---

std::optional<wire::Incoming> FrameRouter::decode(const wire::Frame& frame, const std::string& peer) {
  deps_.metrics.messages.frame(wire::name_of(frame.command));
  auto message = deps_.profile.decode(frame);
  if (message) return *std::move(message);
  deps_.metrics.messages.rejected(FrameRejection::kBody);
  deps_.complaints.warn("dropped a frame: " + message.error().to_string(),
                        {{"peer", peer}, {"command", wire::name_of(frame.command)}});
  return std::nullopt;
}

void FrameRouter::take_dispatch(const wire::DispatchTask& dispatch, const std::string& body) {
  deps_.metrics.tasks.received(dispatch.context.task_type);
  deps_.loop.post(event::Dispatched{deps_.paths.tasks().accepted(dispatch, deps_.zone, wall_ms()), body});
}

bool FrameRouter::take_ack(const wire::Incoming& message) {
  const auto done = [this](std::int64_t id, MessageKind kind, bool success) {
    if (!success) return true;  // 3.1 keeps the message then
    deps_.metrics.messages.acknowledged();
    deps_.loop.post(event::Acked{{id, kind}});
    return true;
  };
  return std::visit(
      Overloaded{
          [&](const wire::RunningAck& ack) { return done(ack.task_instance_id, MessageKind::kRunning, ack.success); },
          [&](const wire::ResultAck& ack) { return done(ack.task_instance_id, MessageKind::kResult, ack.success); },
          [&](const wire::RejectAck& ack) { return done(ack.task_instance_id, MessageKind::kReject, ack.success); },
          [](const auto&) { return false; }},
      message);
}

// A caller of 3.1 that hears nothing waits for ten seconds for each task of a workflow.
void FrameRouter::remove_log(const std::shared_ptr<Connection>& connection, const wire::Frame& frame,
                             wire::RemoveLog request) {
  const bool may = connection->trusted() || deps_.log_peers.names(connection->address());
  const auto task = task_instance_of(request.path);
  const bool unfinished = task && deps_.loop.engine().has_unfinished(*task);
  if (may && !unfinished) {
    deps_.log.info("removes a task log", {{"peer", connection->peer()}, {"task_instance_id", task.value_or(0)}});
    return answer_log_request(connection, frame, std::move(request));
  }
  deps_.metrics.messages.rejected(FrameRejection::kPeer);
  const std::string host = connection->peer().substr(0, connection->peer().rfind(':'));
  deps_.complaints.warn(may ? "does not remove the log of a task that has not ended"
                            : "does not remove a task log for a peer that is no master; if it is trusted, name it "
                              "(allow-log-peers: " +
                                  host + ")",
                        {{"peer", connection->peer()}, {"task_instance_id", task.value_or(0)}});
  connection->send(wire::encode(deps_.profile.encode(wire::LogRemoved{false}, frame.opaque)));
}

void FrameRouter::answer_log_request(const std::shared_ptr<Connection>& connection, const wire::Frame& frame,
                                     LogRequest request) {
  deps_.metrics.messages.log_request(wire::name_of(frame.command));
  log_queue_->ask(connection, std::move(request), frame.opaque);
}

}  // namespace porpoise
