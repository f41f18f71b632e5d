#include <limits>
#include <utility>

#include "base/network_address.h"
#include "wire/v31/json_dialect.h"
#include "wire/v31/profile_31_decode.h"

namespace porpoise::wire {
namespace {

// What a master writes when a task has no timeout that ends it (3.1 `TaskExecutionContextBuilder`).
constexpr std::int64_t kNoTimeout = std::numeric_limits<std::int32_t>::max();

// Member names of 3.1 that several commands share.
constexpr std::string_view kTaskInstanceId = "taskInstanceId";
constexpr std::string_view kContext = "taskExecutionContext";

Result<std::string> host_port(const Members& body, std::string_view key) {
  PORPOISE_TRY(std::string text, body.text(key));
  if (text.empty()) return fail(body.error(key, "is missing"));
  if (!parse_host_port(text)) return fail(body.error(key, "is not host:port"));
  return text;
}

Result<std::int64_t> task_instance_id(const Members& body) {
  PORPOISE_TRY(const std::int64_t id, body.int32(kTaskInstanceId));
  if (id == 0) return fail(body.error(kTaskInstanceId, "is missing"));
  if (id < 0) return fail(body.error(kTaskInstanceId, "is negative"));
  return id;
}

Result<PropertyMap> property_map(const Members& body, std::string_view key) {
  PropertyMap map;
  const Json* const found = body.find(key);
  if (found == nullptr) return map;
  if (!found->is_object()) return fail(body.error(key, "is not a JSON object"));
  for (const auto& [name, item] : found->items()) {
    if (is_null(item)) continue;
    auto property = property_from_json(item);
    if (!property) return fail(property.error().wrap("member \"" + body.full_name(key) + "\""));
    map.emplace(name, std::move(*property));
  }
  return map;
}

// A list that travels as JSON text inside a string.
Result<PropertyList> property_list(const Members& body, std::string_view key) {
  PORPOISE_TRY(const std::string text, body.text(key));
  if (text.empty()) return PropertyList();
  auto list = parse_body(text).and_then([](const Json& json) { return property_list_from_json(json); });
  if (!list) return fail(list.error().wrap("member \"" + body.full_name(key) + "\""));
  return std::move(*list);
}

Result<std::vector<std::pair<std::string, std::string>>> text_map(const Members& body, std::string_view key) {
  std::vector<std::pair<std::string, std::string>> map;
  const Json* const found = body.find(key);
  if (found == nullptr) return map;
  PORPOISE_TRY(const Members members, Members::of(*found, body.full_name(key) + "."));
  for (const auto& [name, ignored] : found->items()) {
    PORPOISE_TRY(std::string value, members.text(name));
    map.emplace_back(name, std::move(value));
  }
  return map;
}

// Takes what can be read; the first that cannot is the defect, and the rest is read all the same.
class Lenient {
 public:
  explicit Lenient(std::optional<Error>& defect) : defect_(defect) {}

  template <typename T>
  void take(T& out, Result<T> read) const {
    if (read)
      out = *std::move(read);
    else
      note(read.error());
  }
  void note(const Error& problem) const {
    if (!defect_) defect_ = problem;
  }

 private:
  std::optional<Error>& defect_;
};

// The fields of 3.1 `TaskExecutionContext` by which a task is known and reported.
void read_identity(const Members& in, const TimeZone& zone, const Lenient& read, TaskContext& out) {
  read.take(out.process_instance_id, in.int32("processInstanceId"));
  read.take(out.task_name, in.text("taskName"));
  read.take(out.task_type, in.text("taskType"));
  if (out.task_type.empty()) read.note(in.error("taskType", "is missing"));
  read.take(out.first_submit_time_ms, in.date("firstSubmitTime", zone));
  read.take(out.process_define_code, in.int64("processDefineCode"));
  read.take(out.process_define_version, in.int32("processDefineVersion"));
  read.take(out.project_code, in.int64("projectCode"));
  read.take(out.app_ids, in.text("appIds"));
  std::int64_t scheduled_ms = 0;
  read.take(scheduled_ms, in.date("scheduleTime", zone));
  if (scheduled_ms != 0) out.schedule_time = compact_date_text(scheduled_ms, zone);
}

// Those that say how it runs.
void read_orders(const Members& in, const Lenient& read, TaskContext& out) {
  read.take(out.tenant_code, in.text("tenantCode"));
  read.take(out.task_params, in.text("taskParams"));
  read.take(out.environment_config, in.text("environmentConfig"));
  read.take(out.prepare_params, property_map(in, "prepareParamsMap"));
  read.take(out.business_params, property_map(in, "paramsMap"));
  read.take(out.global_params, property_list(in, "globalParams"));
  read.take(out.var_pool, property_list(in, "varPool"));
  read.take(out.resources, text_map(in, "resources"));
  read.take(out.timeout_strategy, in.name_among("taskTimeoutStrategy", {"WARN", "FAILED", "WARNFAILED"}));
  std::int64_t timeout = 0;
  read.take(timeout, in.int32("taskTimeout"));
  out.timeout_seconds = timeout > 0 && timeout != kNoTimeout ? timeout : 0;
  read.take(out.delay_minutes, in.int32("delayTime"));
  // Limits of a task that only later lines enforce. Jackson refuses a context in which they are no numbers.
  std::int64_t unused = 0;
  for (const char* const limit : {"cpuQuota", "memoryMax"}) read.take(unused, in.int32(limit, -1));
  std::int64_t dry_run = 0;
  read.take(dry_run, in.int32("dryRun"));
  out.dry_run = dry_run == 1;
}

Result<Incoming> dispatch(const Members& body, const TimeZone& zone) {
  DispatchTask message;
  PORPOISE_TRY(message.master, host_port(body, "messageSenderAddress"));
  const Json* const context = body.find(kContext);
  if (context == nullptr) return fail(body.error(kContext, "is missing"));
  PORPOISE_TRY(const Members in, Members::of(*context, std::string(kContext) + "."));
  PORPOISE_TRY(message.context.task_instance_id, task_instance_id(in));
  const Lenient read(message.defect);  // it is known now whom to tell what is wrong with the rest
  read_identity(in, zone, read, message.context);
  read_orders(in, read, message.context);
  return message;
}

// Messages that only name a task.
template <typename Message>
Result<Incoming> about_task(const Members& body, const TimeZone& /*zone*/) {
  PORPOISE_TRY(const std::int64_t id, task_instance_id(body));
  return Message{id};
}

template <typename Ack>
Result<Incoming> ack(const Members& body, const TimeZone& /*zone*/) {
  PORPOISE_TRY(const std::int64_t id, task_instance_id(body));
  PORPOISE_TRY(const bool success, body.flag("success"));
  return Ack{id, success};
}

Result<Incoming> update_host(const Members& body, const TimeZone& /*zone*/) {
  PORPOISE_TRY(const std::int64_t id, task_instance_id(body));
  PORPOISE_TRY(std::string master, host_port(body, "processHost"));
  return UpdateHost{id, std::move(master)};
}

// A null path is no error here: its sender waits for an answer, as to any other path that must not be opened.
template <typename Message>
Result<Incoming> about_log(const Members& body, const TimeZone& /*zone*/) {
  PORPOISE_TRY(std::string path, body.text("path"));
  return Message{std::move(path)};
}

Result<Incoming> get_app_ids(const Members& body, const TimeZone& /*zone*/) {
  PORPOISE_TRY(std::string path, body.text("logPath"));
  return GetAppIds{std::move(path)};
}

Result<Incoming> view_log_page(const Members& body, const TimeZone& /*zone*/) {
  PORPOISE_TRY(std::string path, body.text("path"));
  PORPOISE_TRY(const std::int64_t skip_lines, body.int32("skipLineNum"));
  PORPOISE_TRY(const std::int64_t limit, body.int32("limit"));
  return ViewLogPage{std::move(path), skip_lines, limit};
}

Result<Incoming> alert_answer(const Members& body, const TimeZone& /*zone*/) {
  AlertAnswer answer;
  PORPOISE_TRY(answer.success, body.flag("success"));
  const Json* const results = body.find("resResults");
  if (results == nullptr || answer.success) return answer;
  if (!results->is_array()) return fail(body.error("resResults", "is not a JSON array"));
  for (const Json& result : *results) {
    PORPOISE_TRY(const Members one, Members::of(result, "resResults."));
    PORPOISE_TRY(const bool sent, one.flag("success"));
    if (sent) continue;
    PORPOISE_TRY(answer.message, one.text("message"));
    break;
  }
  return answer;
}

struct Entry {
  Command command;
  Result<Incoming> (*read)(const Members& body, const TimeZone& zone);
};

// The commands with a JSON body that concern a worker.
constexpr Entry kCommands[] = {
    {Command::kTaskDispatchRequest, dispatch},
    {Command::kTaskKillRequest, about_task<KillTask>},
    {Command::kTaskExecuteRunningAck, ack<RunningAck>},
    {Command::kTaskExecuteResultAck, ack<ResultAck>},
    {Command::kTaskRejectAck, ack<RejectAck>},
    {Command::kProcessHostUpdateRequest, update_host},
    {Command::kTaskSavepointRequest, about_task<Savepoint>},
    {Command::kRollViewLogRequest, view_log_page},
    {Command::kViewWholeLogRequest, about_log<ViewWholeLog>},
    {Command::kGetLogBytesRequest, about_log<GetLogBytes>},
    {Command::kRemoveTaskLogRequest, about_log<RemoveLog>},
    {Command::kGetAppIdRequest, get_app_ids},
    {Command::kAlertSendResponse, alert_answer},
};

Result<Incoming> read_body(const Entry& entry, std::string_view text, const TimeZone& zone) {
  const auto json = parse_body(text);
  if (!json) {
    const Error why = json.error().wrap("body");
    if (entry.command == Command::kTaskDispatchRequest)
      if (auto dispatch = read_broken_dispatch(text, why)) return *std::move(dispatch);
    return fail(why);
  }
  PORPOISE_TRY(const Members body, Members::of(*json, ""));
  return entry.read(body, zone);
}

}  // namespace

namespace {

// Only its beginning is there: enough to say whose it is.
Result<Incoming> cut_off(const Frame& frame) {
  const Error why(ErrorCode::kInvalid, "it has " + std::to_string(frame.body.size() + frame.left_out_bytes) +
                                           " bytes, more than can be taken");
  if (frame.command == Command::kTaskDispatchRequest)
    if (auto dispatch = read_broken_dispatch(frame.body, why)) return *std::move(dispatch);
  return fail(why.wrap(std::string(name_of(frame.command))));
}

}  // namespace

Result<Incoming> decode_31(const Frame& frame, const TimeZone& zone) {
  if (frame.left_out_bytes > 0) return cut_off(frame);
  if (frame.command == Command::kHeartBeat) return HeartBeat{};
  if (frame.command == Command::kPing) return Ping{};
  for (const Entry& entry : kCommands) {
    if (entry.command != frame.command) continue;
    auto message = read_body(entry, frame.body, zone);
    if (!message) return fail(message.error().wrap(std::string(name_of(frame.command))));
    return message;
  }
  return Ignored{};
}

}  // namespace porpoise::wire
