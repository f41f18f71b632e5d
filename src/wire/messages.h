// What a worker and its peers say to each other, free of any version of the protocol. A Profile knows how each
// line of DolphinScheduler writes it. Pure values; times are epoch milliseconds.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "model/property.h"
#include "wire/frame.h"

namespace porpoise::wire {

// Everything about one task instance that a worker needs (3.1 `TaskExecutionContext`). Absent and null members are
// empty or their defaults.
struct TaskContext {
  std::int64_t task_instance_id = 0;
  std::string task_name;
  std::string task_type;
  std::int64_t first_submit_time_ms = 0;  // 0: not given
  std::int64_t process_define_code = 0;
  std::int64_t process_define_version = 0;
  std::int64_t process_instance_id = 0;
  std::int64_t project_code = 0;
  std::string app_ids;
  std::string schedule_time;  // yyyyMMddHHmmss, or empty
  std::string tenant_code;
  std::string task_params;  // JSON text
  std::string environment_config;
  PropertyMap prepare_params;
  PropertyMap business_params;  // paramsMap: at most system.datetime
  PropertyList global_params;
  PropertyList var_pool;
  std::vector<std::pair<std::string, std::string>> resources;  // full name -> tenant that owns it
  std::string timeout_strategy;                                // WARN, FAILED, WARNFAILED or empty
  std::int64_t timeout_seconds = 0;                            // 0: none
  std::int64_t delay_minutes = 0;
  bool dry_run = false;
};

// --- Peer -> worker ---

struct DispatchTask {
  std::string master;  // messageSenderAddress, "host:port": where everything about this task is reported to
  TaskContext context;
  // Why it cannot be run; then `context` has what could be read, at least the task's instance. None: all could be.
  std::optional<Error> defect = std::nullopt;
  bool broken = false;  // by a defect of the text as a whole: all of `context` that is known says which task it is
};
struct KillTask {
  std::int64_t task_instance_id = 0;
};
struct UpdateHost {  // another master has taken the task over
  std::int64_t task_instance_id = 0;
  std::string master;
};
struct Savepoint {
  std::int64_t task_instance_id = 0;
};
struct RunningAck {
  std::int64_t task_instance_id = 0;
  bool success = false;
};
struct ResultAck {
  std::int64_t task_instance_id = 0;
  bool success = false;
};
struct RejectAck {
  std::int64_t task_instance_id = 0;
  bool success = false;
};
struct ViewLogPage {
  std::string path;
  std::int64_t skip_lines = 0;
  std::int64_t limit = 0;
};
struct ViewWholeLog {
  std::string path;
};
struct GetLogBytes {
  std::string path;
};
struct RemoveLog {
  std::string path;
};
struct GetAppIds {
  std::string path;
};
struct AlertAnswer {  // of the alert server, on the worker's own connection
  bool success = false;
  std::string message;  // of the first channel that failed; empty when none did
};
struct HeartBeat {};
struct Ping {};
struct Ignored {};  // a command that never concerns a worker: logged, not answered

using Incoming =
    std::variant<DispatchTask, KillTask, UpdateHost, Savepoint, RunningAck, ResultAck, RejectAck, ViewLogPage,
                 ViewWholeLog, GetLogBytes, RemoveLog, GetAppIds, AlertAnswer, HeartBeat, Ping, Ignored>;

// --- Worker -> peer ---

// The head of what is sent to a master.
struct Addressing {
  std::string sender;    // the worker's own address, byte for byte as registered
  std::string receiver;  // the master's
  std::int64_t send_time_ms = 0;
};

// What a master acknowledges: which of the three messages, about which task.
enum class MessageKind { kRunning, kResult, kReject };
struct MessageKey {
  std::int64_t task_instance_id;
  MessageKind kind;
  friend auto operator<=>(const MessageKey&, const MessageKey&) = default;
};

struct TaskRunning {
  Addressing addressing;
  std::int64_t task_instance_id = 0;
  std::int64_t process_instance_id = 0;
  std::int64_t start_time_ms = 0;
  std::string log_path;
  std::string execute_path;  // empty: null
  std::int64_t process_id = 0;
  std::string app_ids;  // empty: null
};

struct TaskEnded {
  Addressing addressing;
  std::int64_t task_instance_id = 0;
  std::int64_t process_instance_id = 0;
  int status = 0;  // 3.1 `TaskExecutionStatus` code: 7 success, 6 failure, 9 kill, 12 delay
  std::int64_t start_time_ms = 0;
  std::string log_path;
  std::string execute_path;
  std::int64_t end_time_ms = 0;  // 0: null, as with DELAY
  std::int64_t process_id = 0;
  std::string app_ids;
  std::optional<PropertyList> var_pool;  // none: null
};

struct TaskRejected {
  Addressing addressing;
  std::int64_t task_instance_id = 0;
  std::int64_t process_instance_id = 0;
};

struct KillAnswer {
  std::int64_t task_instance_id = 0;
  std::string host;
  std::string status;  // "KILL" (there was no process), "SUCCESS", "FAILURE"
  std::int64_t process_id = 0;
  std::vector<std::string> app_ids;
};
struct SavepointAnswer {
  std::int64_t task_instance_id = 0;
};
struct LogPage {
  std::string text;
};
struct WholeLog {
  std::string text;
};
struct LogBytes {
  std::string bytes;  // raw; travels as base64
};
struct LogRemoved {
  bool removed = true;
};
struct AppIds {
  std::vector<std::string> app_ids;
};
struct Beat {};
struct Pong {};
struct Alert {  // to the alert server; it refuses any member more than these four
  std::int64_t group_id = 0;
  std::string title;
  std::string content;
  int warn_type = 1;  // 1 success, 2 failure
};

using Outgoing = std::variant<TaskRunning, TaskEnded, TaskRejected, KillAnswer, SavepointAnswer, LogPage, WholeLog,
                              LogBytes, LogRemoved, AppIds, Beat, Pong, Alert>;

// An answer with a log that is too large to be made at once: what stands in its body before and behind the content,
// which comes in pieces.
enum class LogContent {
  kBytes,  // as LogBytes: base64 (RFC 4648), four characters for three bytes
  kText,   // as WholeLog
};
struct LogBody {
  Command command = Command::kGetLogBytesResponse;
  std::string before;
  std::string behind;
};

// How one line of DolphinScheduler writes what wire/messages.h says: the seam for 3.2 and later, which differ in the
// table of commands, the shape of the bodies and the type of dates.
//
// Stateless except for the time zone, which master and worker must share: dates travel without one. Pure; any thread.
class Profile {
 public:
  virtual ~Profile() = default;

  virtual std::string_view name() const = 0;  // "3.1"

  // Errors (ErrorCode::kInvalid) name the command and the member. They are no reason to close the connection: the frame
  // was whole, only its body makes no sense. A dispatch that says who sent it and which task it is about is no error
  // but one with a defect: its sender has to be told.
  virtual Result<Incoming> decode(const Frame& frame) const = 0;

  virtual Frame encode(const Outgoing& message, std::int64_t opaque) const = 0;

  virtual LogBody log_body(LogContent content) const = 0;
  // A piece of the content as it stands in the body: each but the last of a multiple of three bytes, or valid UTF-8.
  virtual std::string log_piece(LogContent content, std::string_view piece) const = 0;
};

std::unique_ptr<Profile> profile_31(TimeZone zone);

}  // namespace porpoise::wire
