// The messages between a requester (the worker, replay) and a task host: JSON {"v":1,"type":…}, one per packet.
//
// Pure values. Unknown types decode to nothing and unknown members are ignored, so that builds of different age
// understand each other; a packet above kMaxHostMessageBytes is never sent and refused when it comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "model/request.h"

namespace porpoise {

// Below the send buffer that Linux gives a socket, so that every packet can be sent in one piece.
inline constexpr std::size_t kMaxHostMessageBytes = 64U << 10U;

// Requester -> host.
struct CancelMessage {
  std::string reason;    // one line for the task log
  bool at_once = false;  // without the grace period
  friend bool operator==(const CancelMessage&, const CancelMessage&) = default;
};
struct PingMessage {  // the question whether it lives: answered by StartedMessage at once, whatever the task does
  friend bool operator==(const PingMessage&, const PingMessage&) = default;
};
struct ProofMessage {  // the first word of a later requester: that it is the worker (taskdir/result_file.h)
  std::string proof;
  friend bool operator==(const ProofMessage&, const ProofMessage&) = default;
};
using RequesterMessage = std::variant<CancelMessage, PingMessage, ProofMessage>;

// Host -> requester.
struct StartedMessage {
  std::int64_t pid = 0;  // of the host, which is also the id of the task's session
  friend bool operator==(const StartedMessage&, const StartedMessage&) = default;
};
struct LineMessage {  // the last line of output, a few times per second at most
  std::string text;
  friend bool operator==(const LineMessage&, const LineMessage&) = default;
};
struct AppIdMessage {
  std::string app_id;
  friend bool operator==(const AppIdMessage&, const AppIdMessage&) = default;
};
struct ProgressMessage {
  int permille = -1;  // 0..1000, -1: unknown
  std::string text;
  friend bool operator==(const ProgressMessage&, const ProgressMessage&) = default;
};
struct FinishedMessage {  // `result.json` is on disk; a result too large for a packet is left out: read it there
  std::optional<TaskResult> result;
};
using HostMessage = std::variant<StartedMessage, LineMessage, AppIdMessage, ProgressMessage, FinishedMessage>;

// Texts too long for a packet are cut at a code point.
std::string encode(const RequesterMessage& message);
std::string encode(const HostMessage& message);

// Nothing for a type that this build does not know.
Result<std::optional<RequesterMessage>> decode_requester_message(std::string_view packet);
Result<std::optional<HostMessage>> decode_host_message(std::string_view packet);

// The files of a task's state folder.
inline constexpr const char* kRequestFile = "request.json";  // TaskRequest, written by the requester
inline constexpr const char* kOrderFile = "resources.json";  // ResourceOrder; the host removes it when it has opened it
inline constexpr const char* kHostFile =
    "host.json";  // {pid, startTicks, bootId, cookie} of a host that outlives its requester
inline constexpr const char* kControlFile = "control";     // taskdir/liveness.h
inline constexpr const char* kAppIdsFile = "app_ids";      // comma-separated
inline constexpr const char* kResultFile = "result.json";  // TaskResult

// In the environment of everything a task starts, so that its processes can be told from all others even when they have
// left the session and their host is dead: "<task instance id>.<pid of the host>.<its start time>".
inline constexpr std::string_view kCookieVariable = "PORPOISE_TASK_ID";
std::string task_cookie(std::int64_t task_instance_id, std::int64_t host_pid, std::uint64_t host_start_ticks);
// Of the task's own cgroup, where it has one: a worker finds it by that name when the host is dead.
std::string cgroup_name(const std::string& cookie);

}  // namespace porpoise
