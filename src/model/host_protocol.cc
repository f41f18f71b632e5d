#include "model/host_protocol.h"

#include <utility>

#include "base/text.h"

namespace porpoise {
namespace {

// JSON writes a control character as six bytes.
constexpr std::size_t kMaxTextBytes = kMaxHostMessageBytes / 8;

std::string cut(const std::string& text) { return std::string(cut_utf8(text, kMaxTextBytes)); }

Json pack(const CancelMessage& m) { return {{"type", "cancel"}, {"reason", cut(m.reason)}, {"atOnce", m.at_once}}; }
Json pack(const PingMessage&) { return {{"type", "ping"}}; }
Json pack(const ProofMessage& m) { return {{"type", "proof"}, {"proof", cut(m.proof)}}; }
Json pack(const StartedMessage& m) { return {{"type", "started"}, {"pid", m.pid}}; }
Json pack(const LineMessage& m) { return {{"type", "line"}, {"text", cut(m.text)}}; }
Json pack(const AppIdMessage& m) { return {{"type", "app_id"}, {"appId", cut(m.app_id)}}; }
Json pack(const ProgressMessage& m) { return {{"type", "progress"}, {"permille", m.permille}, {"text", cut(m.text)}}; }
Json pack(const FinishedMessage& m) {
  Json json = {{"type", "finished"}};
  if (m.result) json["result"] = to_json(*m.result);
  return json;
}

template <typename Message>
std::string encode_any(const Message& message) {
  Json json = std::visit([](const auto& m) { return pack(m); }, message);
  json["v"] = 1;
  return dump_json(json);
}

// The object in a packet of the version that this build speaks.
Result<Json> open_packet(std::string_view packet) {
  JsonLimits limits;
  limits.max_bytes = kMaxHostMessageBytes;
  PORPOISE_TRY(Json json, parse_json(packet, limits));
  if (!json.is_object()) return fail(ErrorCode::kInvalid, "host message is not a JSON object");
  if (integer_or(json, "v", 0) != 1) return fail(ErrorCode::kInvalid, "host message has an unknown version");
  return json;
}

Result<FinishedMessage> decode_finished(const Json& json) {
  const auto result = json.find("result");
  if (result == json.end()) return FinishedMessage{};
  PORPOISE_TRY(TaskResult decoded, task_result_from_json(*result));
  return FinishedMessage{std::move(decoded)};
}

}  // namespace

std::string encode(const RequesterMessage& message) { return encode_any(message); }

std::string encode(const HostMessage& message) {
  std::string packet = encode_any(message);
  // Only a result has lists of any length.
  return packet.size() <= kMaxHostMessageBytes ? packet : encode_any(HostMessage(FinishedMessage{}));
}

Result<std::optional<RequesterMessage>> decode_requester_message(std::string_view packet) {
  PORPOISE_TRY(const Json json, open_packet(packet));
  const std::string type = string_or(json, "type", "");
  if (type == "cancel") return CancelMessage{string_or(json, "reason", ""), bool_or(json, "atOnce", false)};
  if (type == "ping") return PingMessage{};
  if (type == "proof") return ProofMessage{string_or(json, "proof", "")};
  return std::nullopt;
}

Result<std::optional<HostMessage>> decode_host_message(std::string_view packet) {
  PORPOISE_TRY(const Json json, open_packet(packet));
  const std::string type = string_or(json, "type", "");
  if (type == "started") return StartedMessage{integer_or(json, "pid", 0)};
  if (type == "line") return LineMessage{string_or(json, "text", "")};
  if (type == "app_id") return AppIdMessage{string_or(json, "appId", "")};
  if (type == "progress")
    return ProgressMessage{static_cast<int>(integer_or(json, "permille", -1)), string_or(json, "text", "")};
  if (type == "finished") {
    PORPOISE_TRY(FinishedMessage finished, decode_finished(json));
    return finished;
  }
  return std::nullopt;
}

std::string task_cookie(std::int64_t task_instance_id, std::int64_t host_pid, std::uint64_t host_start_ticks) {
  return std::to_string(task_instance_id) + "." + std::to_string(host_pid) + "." + std::to_string(host_start_ticks);
}

std::string cgroup_name(const std::string& cookie) { return "porpoise-" + cookie; }

}  // namespace porpoise
