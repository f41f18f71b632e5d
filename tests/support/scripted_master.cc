#include "support/scripted_master.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <ctime>
#include <optional>

#include "base/clock.h"
#include "base/network_address.h"
#include "support/run_until.h"

namespace porpoise::support {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using wire::Command;

constexpr std::chrono::milliseconds kConnectPause{5};  // the other process tells nobody when it begins to listen
constexpr std::int64_t kNoTimeout = 2147483647;        // 3.1 `TaskExecutionContextBuilder`

OrderedJson text_or_null(const std::string& text) { return text.empty() ? OrderedJson() : OrderedJson(text); }

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

std::string params_of(const TaskSpec& task) {
  if (!task.params.empty()) return task.params;
  return dump_json(
      OrderedJson{{"rawScript", task.script}, {"localParams", Json::array()}, {"resourceList", Json::array()}});
}

// All members of 3.1 `TaskExecutionContext`, nulls included, as Jackson writes them.
OrderedJson context_of(const TaskSpec& task) {
  OrderedJson context = {{"taskInstanceId", task.task_instance_id},
                         {"taskName", "task " + std::to_string(task.task_instance_id)},
                         {"firstSubmitTime", utc_now()},
                         {"startTime", nullptr},
                         {"taskType", task.type},
                         {"host", nullptr},
                         {"executePath", nullptr},
                         {"logPath", nullptr},
                         {"taskJson", nullptr},
                         {"processId", 0},
                         {"processDefineCode", 23812765100480},
                         {"processDefineVersion", 1},
                         {"appIds", nullptr},
                         {"processInstanceId", task.process_instance_id},
                         {"scheduleTime", nullptr},
                         {"globalParams", nullptr},
                         {"executorId", 1},
                         {"cmdTypeIfComplement", 0},
                         {"tenantCode", text_or_null(task.tenant)},
                         {"queue", "default"},
                         {"processDefineId", 0},
                         {"projectId", 0},
                         {"projectCode", 23812765077952},
                         {"taskParams", params_of(task)},
                         {"envFile", nullptr},
                         {"environmentConfig", text_or_null(task.environment)},
                         {"definedParams", nullptr},
                         {"prepareParamsMap", nullptr},
                         {"taskAppId", nullptr},
                         {"taskTimeoutStrategy", text_or_null(task.timeout_strategy)},
                         {"taskTimeout", task.timeout_seconds > 0 ? task.timeout_seconds : kNoTimeout},
                         {"workerGroup", "default"},
                         {"delayTime", task.delay_minutes},
                         {"currentExecutionStatus", "SUBMITTED_SUCCESS"},
                         {"taskLogName", nullptr},
                         {"resourceParametersHelper", nullptr},
                         {"endTime", nullptr},
                         {"sqlTaskExecutionContext", nullptr},
                         {"k8sTaskExecutionContext", {{"configYaml", nullptr}}},
                         {"resources", OrderedJson::object()},
                         {"varPool", nullptr},
                         {"dryRun", task.dry_run ? 1 : 0},
                         {"paramsMap", OrderedJson::object()},
                         {"dataQualityTaskExecutionContext", nullptr},
                         {"cpuQuota", -1},
                         {"memoryMax", -1}};
  if (task.more.is_object()) context.update(task.more);
  return context;
}

std::optional<Command> ack_of(Command command) {
  switch (command) {
    case Command::kTaskExecuteRunning: return Command::kTaskExecuteRunningAck;
    case Command::kTaskExecuteResult: return Command::kTaskExecuteResultAck;
    case Command::kTaskReject: return Command::kTaskRejectAck;
    default: return std::nullopt;
  }
}

}  // namespace

ScriptedMaster::ScriptedMaster(asio::io_context& io) : io_(io), address_("127.0.0.1:0") {
  if (const Status listening = come_back(); !listening) address_.clear();
}

Status ScriptedMaster::come_back() {
  ListenerOptions options;
  options.address = address_;
  PORPOISE_TRY(listener_, Listener::open(io_, options));
  address_ = "127.0.0.1:" + std::to_string(listener_->port());
  peers_.frame = [this](const auto& connection, wire::Frame frame) { take(connection, std::move(frame)); };
  listener_->start(peers_);
  return {};
}

Status ScriptedMaster::connect(const std::string& worker, Seconds limit) {
  disconnect();
  PORPOISE_TRY(const HostPort to, parse_host_port(worker));
  const asio::ip::tcp::endpoint end(asio::ip::make_address_v4(to.host), to.port);
  const auto limit_at = std::chrono::steady_clock::now() + limit;
  while (true) {
    asio::ip::tcp::socket socket(io_);
    error_code problem;
    socket.connect(end, problem);  // loopback answers at once
    if (!problem) {
      to_worker_ =
          Connection::make(std::move(socket), 0,
                           {[this](const auto& connection, wire::Frame frame) { take(connection, std::move(frame)); },
                            [](const auto&, Connection::Ending, const std::string&) {}});
      to_worker_->start();
      return {};
    }
    if (std::chrono::steady_clock::now() > limit_at)
      return fail(ErrorCode::kUnavailable, "no connection to worker " + worker + ": " + problem.message());
    asio::steady_timer(io_, kConnectPause).wait();
  }
}

void ScriptedMaster::disconnect() {
  if (const auto connection = std::exchange(to_worker_, nullptr)) connection->close("");
}

std::int64_t ScriptedMaster::dispatch(const TaskSpec& task) {
  return send(Command::kTaskDispatchRequest, {{"messageSenderAddress", address_},
                                              {"messageReceiverAddress", nullptr},
                                              {"messageSendTime", wall_ms()},
                                              {"taskExecutionContext", context_of(task)}});
}

std::int64_t ScriptedMaster::kill(std::int64_t task_instance_id) {
  return send(Command::kTaskKillRequest, {{"taskInstanceId", task_instance_id}});
}

std::int64_t ScriptedMaster::update_host(std::int64_t task_instance_id, const std::string& master) {
  return send(Command::kProcessHostUpdateRequest, {{"taskInstanceId", task_instance_id}, {"processHost", master}});
}

std::int64_t ScriptedMaster::send(Command command, const OrderedJson& body) {
  const std::int64_t opaque = next_opaque_++;
  const bool sent = to_worker_ && to_worker_->send(wire::encode({command, opaque, dump_json(body)}));
  return sent ? opaque : -1;
}

const WorkerMessage* ScriptedMaster::find(Command command, std::int64_t task_instance_id, int earlier) const {
  const auto found = places_.find({command, task_instance_id});
  const auto index = static_cast<std::size_t>(earlier);
  return found == places_.end() || found->second.size() <= index ? nullptr : &messages_[found->second[index]];
}

const WorkerMessage* ScriptedMaster::wait_for(Command command, std::int64_t task_instance_id, int earlier,
                                              Seconds limit) {
  const WorkerMessage* found = nullptr;
  wait_until([&] { return (found = find(command, task_instance_id, earlier)) != nullptr; }, limit);
  return found;
}

bool ScriptedMaster::wait_until(const std::function<bool()>& done, Seconds limit) {
  return run_until(io_, done, limit);
}

void ScriptedMaster::take(const std::shared_ptr<Connection>& connection, wire::Frame frame) {
  if (frame.command == Command::kHeartBeat) return;
  const auto at = std::chrono::steady_clock::now();
  WorkerMessage& message =
      messages_.emplace_back(WorkerMessage{frame.command, 0, frame.opaque, std::move(frame.body), at, 0});
  message.task_instance_id = integer_or(message.json(), "taskInstanceId", 0);
  auto& places = places_[{message.command, message.task_instance_id}];
  message.earlier = static_cast<int>(places.size());
  places.push_back(messages_.size() - 1);
  answer(connection, message);
}

void ScriptedMaster::answer(const std::shared_ptr<Connection>& connection, const WorkerMessage& message) {
  const std::optional<Command> command = ack_of(message.command);
  if (!command) return;
  const Ack ack = acknowledge(message);
  OrderedJson body;
  if (*command != Command::kTaskExecuteRunningAck)  // 3.1 `TaskExecuteRunningAckMessage` has no addresses
    body = {{"messageSenderAddress", address_}, {"messageReceiverAddress", nullptr}, {"messageSendTime", wall_ms()}};
  body["taskInstanceId"] = message.task_instance_id;
  body["success"] = ack.success;
  std::string bytes;
  for (int i = 0; i < ack.times; ++i) bytes += wire::encode({*command, next_opaque_++, dump_json(body)});
  if (bytes.empty()) return;
  if (ack.delay.count() == 0) {
    connection->send(std::move(bytes));
    return;
  }
  const auto timer = std::make_shared<asio::steady_timer>(io_, ack.delay);
  timer->async_wait([timer, to = std::weak_ptr(connection), bytes = std::move(bytes)](const error_code& problem) {
    if (const auto open = to.lock(); open && !problem) open->send(bytes);
  });
}

}  // namespace porpoise::support
