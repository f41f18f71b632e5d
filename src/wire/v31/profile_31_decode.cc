#include <limits>
#include <utility>

#include "base/network_address.h"
#include "wire/v31/json_dialect.h"
#include "wire/v31/profile_31.h"

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

// The fields of 3.1 `TaskExecutionContext` by which a task is known and reported.
Status read_identity(const Members& in, const TimeZone& zone, TaskContext& out) {
  PORPOISE_TRY(out.task_instance_id, task_instance_id(in));
  PORPOISE_TRY(out.task_name, in.text("taskName"));
  PORPOISE_TRY(out.task_type, in.text("taskType"));
  if (out.task_type.empty()) return fail(in.error("taskType", "is missing"));
  PORPOISE_TRY(out.first_submit_time_ms, in.date("firstSubmitTime", zone));
  PORPOISE_TRY(out.process_define_code, in.int64("processDefineCode"));
  PORPOISE_TRY(out.process_define_version, in.int32("processDefineVersion"));
  PORPOISE_TRY(out.process_instance_id, in.int32("processInstanceId"));
  PORPOISE_TRY(out.project_code, in.int64("projectCode"));
  PORPOISE_TRY(out.app_ids, in.text("appIds"));
  PORPOISE_TRY(const std::int64_t scheduled_ms, in.date("scheduleTime", zone));
  if (scheduled_ms != 0) out.schedule_time = compact_date_text(scheduled_ms, zone);
  return {};
}

// Those that say how it runs.
Status read_orders(const Members& in, TaskContext& out) {
  PORPOISE_TRY(out.tenant_code, in.text("tenantCode"));
  PORPOISE_TRY(out.task_params, in.text("taskParams"));
  PORPOISE_TRY(out.environment_config, in.text("environmentConfig"));
  PORPOISE_TRY(out.prepare_params, property_map(in, "prepareParamsMap"));
  PORPOISE_TRY(out.business_params, property_map(in, "paramsMap"));
  PORPOISE_TRY(out.global_params, property_list(in, "globalParams"));
  PORPOISE_TRY(out.var_pool, property_list(in, "varPool"));
  PORPOISE_TRY(out.resources, text_map(in, "resources"));
  PORPOISE_TRY(out.timeout_strategy, in.name_among("taskTimeoutStrategy", {"WARN", "FAILED", "WARNFAILED"}));
  PORPOISE_TRY(const std::int64_t timeout, in.int32("taskTimeout"));
  out.timeout_seconds = timeout > 0 && timeout != kNoTimeout ? timeout : 0;
  PORPOISE_TRY(out.delay_minutes, in.int32("delayTime"));
  // Limits of a task that only later lines enforce. Jackson refuses a context in which they are no numbers.
  for (const char* const limit : {"cpuQuota", "memoryMax"})
    if (const auto checked = in.int32(limit, -1); !checked) return fail(checked.error());
  PORPOISE_TRY(const std::int64_t dry_run, in.int32("dryRun"));
  out.dry_run = dry_run == 1;
  return {};
}

Result<Incoming> dispatch(const Members& body, const TimeZone& zone) {
  DispatchTask message;
  PORPOISE_TRY(message.master, host_port(body, "messageSenderAddress"));
  const Json* const context = body.find(kContext);
  if (context == nullptr) return fail(body.error(kContext, "is missing"));
  PORPOISE_TRY(const Members in, Members::of(*context, std::string(kContext) + "."));
  PORPOISE_TRY_VOID(read_identity(in, zone, message.context));
  PORPOISE_TRY_VOID(read_orders(in, message.context));
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
  if (!json) return fail(json.error().wrap("body"));
  PORPOISE_TRY(const Members body, Members::of(*json, ""));
  return entry.read(body, zone);
}

}  // namespace

Result<Incoming> decode_31(const Frame& frame, const TimeZone& zone) {
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
