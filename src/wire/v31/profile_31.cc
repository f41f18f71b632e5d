// The 3.1 profile, and what goes out by it. Members stand in the order in which Jackson writes those of the 3.1 command
// classes.
#include <utility>

#include "base/text.h"
#include "wire/v31/json_dialect.h"
#include "wire/v31/profile_31_decode.h"

namespace porpoise::wire {
namespace {

OrderedJson text_or_null(const std::string& text) { return text.empty() ? OrderedJson() : OrderedJson(text); }

class Encoder {
 public:
  explicit Encoder(const TimeZone& zone) : zone_(zone) {}

  Frame operator()(const TaskRunning& message) const {
    OrderedJson body = head(message.addressing);
    body["taskInstanceId"] = message.task_instance_id;
    body["processInstanceId"] = message.process_instance_id;
    body["startTime"] = date(message.start_time_ms);
    body["host"] = message.addressing.sender;
    body["status"] = "RUNNING_EXECUTION";  // a name here, a code in the result
    body["logPath"] = text_or_null(message.log_path);
    body["executePath"] = text_or_null(message.execute_path);
    body["processId"] = message.process_id;
    body["appIds"] = text_or_null(message.app_ids);
    return frame(Command::kTaskExecuteRunning, body);
  }

  Frame operator()(const TaskEnded& message) const {
    OrderedJson body = head(message.addressing);
    body["taskInstanceId"] = message.task_instance_id;
    body["processInstanceId"] = message.process_instance_id;
    body["status"] = message.status;
    body["startTime"] = date(message.start_time_ms);
    body["host"] = message.addressing.sender;
    body["logPath"] = text_or_null(message.log_path);
    body["executePath"] = text_or_null(message.execute_path);
    body["endTime"] = date(message.end_time_ms);
    body["processId"] = message.process_id;
    body["appIds"] = text_or_null(message.app_ids);
    body["varPool"] = message.var_pool ? OrderedJson(write_json(to_json(*message.var_pool))) : OrderedJson();
    return frame(Command::kTaskExecuteResult, body);
  }

  Frame operator()(const TaskRejected& message) const {
    OrderedJson body = head(message.addressing);
    body["taskInstanceId"] = message.task_instance_id;
    body["host"] = message.addressing.sender;
    body["processInstanceId"] = message.process_instance_id;
    return frame(Command::kTaskReject, body);
  }

  Frame operator()(const KillAnswer& message) const {
    return frame(Command::kTaskKillResponse,
                 {{"taskInstanceId", message.task_instance_id},
                  {"host", message.host},
                  {"status", message.status},
                  {"processId", message.process_id},
                  {"appIds", message.app_ids.empty() ? OrderedJson() : OrderedJson(message.app_ids)}});
  }

  Frame operator()(const SavepointAnswer& message) const {
    return frame(Command::kTaskSavepointResponse, {{"taskInstanceId", message.task_instance_id}});
  }
  Frame operator()(const LogPage& message) const {
    return frame(Command::kRollViewLogResponse, {{"msg", message.text}});
  }
  Frame operator()(const WholeLog& message) const {
    return frame(Command::kViewWholeLogResponse, {{"msg", message.text}});
  }
  Frame operator()(const LogBytes& message) const {
    return frame(Command::kGetLogBytesResponse, {{"data", base64(message.bytes)}});
  }
  Frame operator()(const LogRemoved& message) const {
    return frame(Command::kRemoveTaskLogResponse, {{"status", message.removed}});
  }
  Frame operator()(const AppIds& message) const {
    return frame(Command::kGetAppIdResponse, {{"appIds", OrderedJson(message.app_ids)}});
  }
  Frame operator()(const Alert& message) const {
    return frame(Command::kAlertSendRequest, {{"groupId", message.group_id},
                                              {"title", message.title},
                                              {"content", message.content},
                                              {"warnType", message.warn_type}});
  }
  Frame operator()(const Beat&) const { return {Command::kHeartBeat, 0, "heart_beat"}; }  // not JSON
  Frame operator()(const Pong&) const { return {Command::kPong, 0, ""}; }

 private:
  static Frame frame(Command command, const OrderedJson& body) { return {command, 0, write_json(body)}; }

  // 3.1 `BaseCommand`.
  static OrderedJson head(const Addressing& addressing) {
    return {{"messageSenderAddress", addressing.sender},
            {"messageReceiverAddress", text_or_null(addressing.receiver)},
            {"messageSendTime", addressing.send_time_ms}};
  }

  OrderedJson date(std::int64_t epoch_ms) const {
    return epoch_ms == 0 ? OrderedJson() : text_or_null(date_text(epoch_ms, zone_));
  }

  const TimeZone& zone_;
};

class Profile31 : public Profile {
 public:
  explicit Profile31(TimeZone zone) : zone_(std::move(zone)) {}

  std::string_view name() const override { return "3.1"; }
  Result<Incoming> decode(const Frame& frame) const override { return decode_31(frame, zone_); }
  Frame encode(const Outgoing& message, std::int64_t opaque) const override {
    Frame frame = std::visit(Encoder(zone_), message);
    frame.opaque = opaque;
    return frame;
  }

  LogBody log_body(LogContent content) const override {
    if (content == LogContent::kBytes) return {Command::kGetLogBytesResponse, R"({"data":")", "\"}"};
    return {Command::kViewWholeLogResponse, R"({"msg":")", "\"}"};
  }
  std::string log_piece(LogContent content, std::string_view piece) const override {
    if (content == LogContent::kBytes) return base64(piece);
    std::string quoted = write_json(OrderedJson(piece));
    quoted.pop_back();
    return quoted.substr(1);
  }

 private:
  TimeZone zone_;
};

}  // namespace

std::unique_ptr<Profile> profile_31(TimeZone zone) { return std::make_unique<Profile31>(std::move(zone)); }

}  // namespace porpoise::wire
