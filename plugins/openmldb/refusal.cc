#include "openmldb/refusal.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace porpoise::openmldb {
namespace {

constexpr std::string_view kAdvice = " (porpoise doctor openmldb looks at all of them)";

bool has(std::string_view message, std::string_view words) { return message.find(words) != std::string_view::npos; }

// brpc's timeout (E1008, code 1004) and lost connection, and a sync wait that ended before the job.
bool is_ambiguous(std::string_view message) {
  static constexpr std::array<std::string_view, 5> kSigns = {"Reached timeout", "E1008", "ReturnCode[1004]",
                                                             "Got EOF of Socket", "wait for job failed"};
  return std::any_of(kSigns.begin(), kSigns.end(), [message](std::string_view sign) { return has(message, sign); });
}

// The errors of brpc in a message: "[E111]Fail to connect … [R1][E112]Not connected to …" has 111 and 112, one of each
// attempt.
std::set<std::string> brpc_errors(std::string_view message) {
  std::set<std::string> errors;
  for (std::size_t at = message.find("[E"); at != std::string_view::npos; at = message.find("[E", at + 1)) {
    const std::size_t end = std::min(message.find(']', at), message.size());
    errors.emplace(message.substr(at + 2, end - at - 2));
  }
  return errors;
}

// No attempt got as far as sending: ECONNREFUSED, EHOSTDOWN (brpc's "Not connected to … yet"), EHOSTUNREACH.
bool was_never_sent(std::string_view message) {
  static const std::set<std::string> kNotConnected = {"111", "112", "113"};
  const std::set<std::string> errors = brpc_errors(message);
  return !errors.empty() && std::includes(kNotConnected.begin(), kNotConnected.end(), errors.begin(), errors.end());
}

// Which server was not there; empty when the message is about something else.
std::string missing_server(std::string_view message) {
  if (has(message, "Fail to get TaskManager client"))
    return "no TaskManager is registered in ZooKeeper, and offline work needs one: start it";
  if (has(message, "tablet accessor is null"))
    return "no tablet that has the table is registered in ZooKeeper: start it";
  if (!was_never_sent(message)) return {};
  if (has(message, "taskmanager")) return "the TaskManager refuses connections: start it anew";
  return "a server of the cluster refuses connections";
}

}  // namespace

Failure refused(std::int64_t code, const std::string& message) {
  const std::string text = "[" + std::to_string(code) + "] " + message;
  if (const std::string missing = missing_server(message); !missing.empty())
    return {Error(ErrorCode::kUnavailable, text + "; " + missing + std::string(kAdvice)), code, false};
  return {Error(ErrorCode::kInvalid, text), code, is_ambiguous(message)};
}

}  // namespace porpoise::openmldb
