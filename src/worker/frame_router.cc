#include "worker/frame_router.h"

#include <random>
#include <utility>

namespace porpoise {
namespace {

template <typename... F>
struct Overloaded : F... {
  using F::operator()...;
};

constexpr std::int64_t kFirstOpaque = std::int64_t{1} << 40;  // far above every counter of a Java peer

std::int64_t random_opaque() {
  std::random_device device;
  return kFirstOpaque + std::uniform_int_distribution<std::int64_t>(0, kFirstOpaque)(device);
}

}  // namespace

FrameRouter::FrameRouter(const wire::Profile& profile, TaskDesk& desk, LogThread& logs, Metrics& metrics, Log& log)
    : profile_(profile), desk_(desk), logs_(logs), metrics_(metrics), log_(log), next_opaque_(random_opaque()) {}

void FrameRouter::from_peer(const std::shared_ptr<Connection>& connection, const wire::Frame& frame) {
  auto message = decode(frame, connection->peer());
  if (!message || take_ack(*message)) return;
  const auto answer = [&](const wire::Outgoing& outgoing) {
    connection->send(wire::encode(profile_.encode(outgoing, frame.opaque)));
  };
  const auto read_log = [&](auto& request) { answer_log_request(connection, frame, std::move(request)); };
  std::visit(
      Overloaded{[&](wire::DispatchTask& dispatch) { desk_.take(dispatch, frame.body); },
                 [&](wire::KillTask& kill) { desk_.take(kill, connection->id()); },
                 [&](wire::UpdateHost& update) { desk_.take(update); },
                 [&](wire::Savepoint& savepoint) { answer(wire::SavepointAnswer{savepoint.task_instance_id}); },
                 [&](wire::Ping&) { answer(wire::Pong{}); }, [&](wire::ViewLogPage& request) { read_log(request); },
                 [&](wire::ViewWholeLog& request) { read_log(request); },
                 [&](wire::GetLogBytes& request) { read_log(request); },
                 [&](wire::RemoveLog& request) { read_log(request); },
                 [&](wire::GetAppIds& request) { read_log(request); },
                 [&](wire::Ignored&) { metrics_.messages.rejected(FrameRejection::kUnexpected); }, [](auto&) {}},
      *message);
}

void FrameRouter::from_master(const std::string& master, const wire::Frame& frame) {
  if (const auto message = decode(frame, master); message && !take_ack(*message))
    log_.debug("ignored a frame on the worker's own connection",
               {{"master", master}, {"command", wire::name_of(frame.command)}});
}

std::optional<wire::Incoming> FrameRouter::decode(const wire::Frame& frame, const std::string& peer) {
  metrics_.messages.frame(wire::name_of(frame.command));
  auto message = profile_.decode(frame);
  if (message) return *std::move(message);
  metrics_.messages.rejected(FrameRejection::kBody);
  log_.warn("dropped a frame: " + message.error().to_string(),
            {{"peer", peer}, {"command", wire::name_of(frame.command)}});
  return std::nullopt;
}

bool FrameRouter::take_ack(const wire::Incoming& message) {
  const auto done = [this](std::int64_t id, MessageKind kind, bool success) {
    desk_.acknowledged({id, kind}, success);
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

void FrameRouter::answer_log_request(const std::shared_ptr<Connection>& connection, const wire::Frame& frame,
                                     LogRequest request) {
  metrics_.messages.log_request(wire::name_of(frame.command));
  logs_.ask(std::move(request),
            [this, weak = std::weak_ptr(connection), opaque = frame.opaque](const wire::Outgoing& answer) {
              if (const auto peer = weak.lock()) peer->send(wire::encode(profile_.encode(answer, opaque)));
            });
}

}  // namespace porpoise
