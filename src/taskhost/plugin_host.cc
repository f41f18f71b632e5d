#include "taskhost/plugin_host.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <ctime>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "model/parameter_resolution.h"
#include "taskhost/channel.h"
#include "taskhost/limits.h"

namespace porpoise {
namespace {

constexpr std::size_t kOutputChunkBytes = 32U << 10U;
constexpr std::size_t kVariableChunkBytes = 64U << 10U;
constexpr std::size_t kMaxVariableNameBytes = 32U << 10U;
constexpr std::size_t kMaxLogTextBytes = 128U << 10U;

LogLevel to_level(porpoise_log_level level) {
  return static_cast<LogLevel>(std::clamp<porpoise_log_level>(level, PORPOISE_DEBUG, PORPOISE_ERROR));
}

}  // namespace

PluginHost::PluginHost(const TaskRequest& request, const SudoUser& tenant, Channel& channel, int output)
    : request_(request),
      channel_(channel),
      cancel_event_(lift(UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)))),
      children_(request, tenant, output) {
  fill_table();
  fill_extensions();
}

void PluginHost::cancel(porpoise_cancel_reason reason, std::string_view text) {
  if (!cancelled_) {
    cancel_reason_ = reason;
    cancel_text_ = text;
    cancelled_ = true;
  }
  const std::uint64_t one = 1;
  // It stays readable, as nobody reads it; a second write changes nothing.
  [[maybe_unused]] const ssize_t written = ::write(cancel_event_.get(), &one, sizeof one);
}

porpoise_cancel_reason PluginHost::cancel_reason(porpoise_str* text) const {
  const bool is_cancelled = cancelled_;
  if (text != nullptr) *text = is_cancelled ? to_c(cancel_text_) : porpoise_str{};
  return is_cancelled ? cancel_reason_ : PORPOISE_CANCEL_NONE;
}

void PluginHost::log(LogLevel level, std::string_view text) {
  channel_.send({.kind = PacketKind::kLog,
                 .number = static_cast<std::int32_t>(level),
                 .first = cut_utf8(text, kMaxLogTextBytes)});
}

void PluginHost::output(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), kOutputChunkBytes)))
    channel_.send({.kind = PacketKind::kOutput, .first = text.substr(0, kOutputChunkBytes)});
}

void PluginHost::set_var(std::string_view name, std::string_view value) {
  const std::lock_guard whole(variable_mutex_);
  const auto send = [&](VariablePart part, std::string_view text) {
    channel_.send({.kind = PacketKind::kVariable,
                   .number = static_cast<std::int32_t>(part),
                   .first = cut_utf8(name, kMaxVariableNameBytes),
                   .second = text});
  };
  if (name.size() > kMaxVariableNameBytes || name.size() + value.size() > kMaxVariableBytes)
    return send(VariablePart::kTooLarge, "");
  for (; value.size() > kVariableChunkBytes; value.remove_prefix(kVariableChunkBytes))
    send(VariablePart::kMore, value.substr(0, kVariableChunkBytes));
  send(VariablePart::kLast, value);
}

porpoise_status PluginHost::add_app_id(std::string_view app_id) {
  // The ids are kept as a comma-separated list, one of them per line nowhere.
  if (app_id.empty() || app_id.find_first_of(",\r\n") != std::string_view::npos) return PORPOISE_INVALID_PARAMS;
  return ask({.kind = PacketKind::kAppId, .first = app_id}) == 0 ? PORPOISE_OK : PORPOISE_INTERNAL;
}

int PluginHost::ask(const Packet& packet) {
  const std::lock_guard turn(ask_mutex_);
  if (!channel_.send(packet)) return EPIPE;
  std::unique_lock lock(answer_mutex_);
  answered_.wait(lock, [this] { return answer_.has_value(); });
  const int problem = *answer_;
  if (problem != EPIPE) answer_.reset();
  return problem;
}

void PluginHost::answered(int problem) {
  {
    const std::lock_guard lock(answer_mutex_);
    answer_ = problem;
  }
  answered_.notify_all();
}

bool PluginHost::wait(std::int64_t timeout_ms) {
  const std::int64_t end = timeout_ms < 0 ? INT64_MAX : mono_ms() + std::min<std::int64_t>(timeout_ms, INT_MAX);
  while (!cancelled_) {
    const std::int64_t left = std::clamp<std::int64_t>(end - mono_ms(), 0, INT_MAX);
    pollfd event{cancel_event_.get(), POLLIN, 0};
    if (::poll(&event, 1, static_cast<int>(left)) == 0 && left == 0) return false;
  }
  return true;
}

porpoise_status PluginHost::expand(std::string_view text, porpoise_str* out) {
  if (!values_) values_ = parameter_values(request_.prepare_params);
  const ExpandTime time{wall_ms(), system_time_zone(), request_.schedule_time};
  auto expanded = porpoise::expand(text, *values_, time);
  const bool good = expanded.has_value();
  expanded_.push_back(good ? *std::move(expanded) : expanded.error().to_string());
  *out = to_c(expanded_.back());
  return good ? PORPOISE_OK : PORPOISE_INVALID_PARAMS;
}

template <typename Start>
porpoise_status PluginHost::start_child(Start start, const std::int64_t& pid, porpoise_str* error) {
  // Words go through the channel and a child's output through a pipe: only an answer keeps them in order.
  ask({.kind = PacketKind::kChildBegins});
  // One that starts now would have missed the SIGTERM.
  if (cancelled_) return children_.refuse({ErrorCode::kCancelled, "cannot start a process: the task is to end"}, error);
  const porpoise_status status = start();
  if (status == PORPOISE_OK) channel_.send({.kind = PacketKind::kChildBegan, .number = static_cast<std::int32_t>(pid)});
  return status;
}

porpoise_status PluginHost::wait_child(std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out) {
  const porpoise_status status = children_.wait(pid, timeout_ms, out);
  // What it printed comes before anything that the plugin says from now on.
  if (status == PORPOISE_OK) channel_.send({.kind = PacketKind::kChildEnded});
  return status;
}

const void* PluginHost::extension(std::string_view id) const {
  if (id == PORPOISE_EXT_BRANCH) return &branch_;
  if (id == PORPOISE_EXT_ALERT) return &alert_;
  if (id == PORPOISE_EXT_PROCESS) return &process_;
  return nullptr;
}

void PluginHost::fill_extensions() {
  branch_ = {.size = sizeof branch_,
             .reserved = 0,
             .choose = [](const porpoise_host* host, int32_t index, porpoise_str next_node) {
               self(host).channel_.send({.kind = PacketKind::kBranch, .number = index, .first = to_view(next_node)});
             }};
  alert_ = {.size = sizeof alert_,
            .reserved = 0,
            .request = [](const porpoise_host* host, int32_t group_id, porpoise_str title, porpoise_str content) {
              self(host).channel_.send({.kind = PacketKind::kAlert,
                                        .number = group_id,
                                        .first = cut_utf8(to_view(title), kMaxAlertTitleBytes),
                                        .second = cut_utf8(to_view(content), kMaxAlertContentBytes)});
            }};
  process_ = {
      .size = sizeof process_,
      .reserved = 0,
      .spawn =
          [](const porpoise_host* host, const porpoise_process_spec* spec, porpoise_child* out, porpoise_str* error) {
            PluginHost& here = self(host);
            return here.start_child([&] { return here.children_.spawn(*spec, out, error); }, out->pid, error);
          },
      .signal = [](const porpoise_host* host, int64_t pid, int32_t number,
                   porpoise_str* error) { return self(host).children_.signal(pid, number, error); },
      .wait = [](const porpoise_host* host, int64_t pid, int64_t timeout_ms,
                 porpoise_exit* out) { return self(host).wait_child(pid, timeout_ms, out); }};
}

void PluginHost::fill_table() {
  table_ = {
      .size = sizeof table_,
      .abi_minor = PORPOISE_ABI_MINOR,
      .data = this,
      .name = to_c("porpoise"),
      .version = to_c(PORPOISE_VERSION),
      .log = [](const porpoise_host* host, porpoise_log_level level,
                porpoise_str text) { self(host).log(to_level(level), to_view(text)); },
      .output = [](const porpoise_host* host, porpoise_str text) { self(host).output(to_view(text)); },
      .set_var = [](const porpoise_host* host, porpoise_str name,
                    porpoise_str value) { self(host).set_var(to_view(name), to_view(value)); },
      .add_app_id = [](const porpoise_host* host, porpoise_str id) { return self(host).add_app_id(to_view(id)); },
      .progress =
          [](const porpoise_host* host, int32_t permille, porpoise_str text) {
            self(host).channel_.send(
                {.kind = PacketKind::kProgress, .number = permille, .first = cut_utf8(to_view(text), kMaxLineBytes)});
          },
      .cancel_requested = [](const porpoise_host* host) -> int32_t { return self(host).cancelled_ ? 1 : 0; },
      .cancel_fd = [](const porpoise_host* host) -> int32_t { return self(host).cancel_event_.get(); },
      .wait = [](const porpoise_host* host, int64_t timeout_ms) -> int32_t {
        return self(host).wait(timeout_ms) ? 1 : 0;
      },
      .expand = [](const porpoise_host* host, porpoise_str text,
                   porpoise_str* out) { return self(host).expand(to_view(text), out); },
      .spawn =
          [](const porpoise_host* host, const porpoise_spawn* spec, int64_t* pid, porpoise_str* error) {
            PluginHost& here = self(host);
            return here.start_child([&] { return here.children_.spawn(*spec, pid, error); }, *pid, error);
          },
      .wait_child = [](const porpoise_host* host, int64_t pid,
                       porpoise_exit* out) { return self(host).wait_child(pid, -1, out); },
      .now_mono_ms = [](const porpoise_host*) { return mono_ms(); },
      .now_wall_ms = [](const porpoise_host*) { return wall_ms(); },
      .get_extension = [](const porpoise_host* host, porpoise_str id) -> const void* {
        return self(host).extension(to_view(id));
      },
      .cancel_reason = [](const porpoise_host* host, porpoise_str* text) { return self(host).cancel_reason(text); },
  };
}

Json plugin_context(const TaskRequest& request) {
  Json resources = Json::array();
  for (const ResourceFile& file : request.resources.files) resources.push_back(file.name);
  return {{"schema", "porpoise.context/1"},
          {"taskInstanceId", request.task_instance_id},
          {"taskName", request.task_name},
          {"taskType", request.task_type},
          {"attempt", request.attempt},
          {"processInstanceId", request.process_instance_id},
          {"processDefineCode", request.process_define_code},
          {"processDefineVersion", request.process_define_version},
          {"projectCode", request.project_code},
          {"tenantCode", request.tenant_code},
          {"runAs", request.run_as},
          {"prepareParamsMap", to_json(request.prepare_params)},
          {"globalParams", Json(to_json(request.global_params))},
          {"varPool", Json(to_json(request.var_pool))},
          {"scheduleTime", request.schedule_time},
          {"timeZone", request.time_zone},
          {"dryRun", request.dry_run},
          {"resources", std::move(resources)},
          {"executePath", request.execute_path},
          {"logPath", request.log_path},
          {"timeoutMillis", request.timeout.count()},
          {"killGraceMillis", request.kill_grace.count()}};
}

}  // namespace porpoise
