#include "taskhost/plugin_host.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

#include "base/clock.h"
#include "base/file.h"
#include "base/time_zone.h"
#include "base/utf8.h"
#include "model/parameter_resolution.h"
#include "process/spawn.h"
#include "taskhost/command_file.h"
#include "taskhost/fds.h"
#include "taskhost/limits.h"

namespace porpoise {
namespace {

constexpr std::size_t kOutputChunkBytes = 32U << 10U;
constexpr std::size_t kMaxLogTextBytes = 128U << 10U;

// What a plugin of another build filled in: its `size` says how much of it.
porpoise_spawn read_spawn(const porpoise_spawn& given) {
  porpoise_spawn spec{};
  std::memcpy(&spec, &given, std::min<std::size_t>(given.size, sizeof spec));
  return spec;
}

void write_exit(porpoise_exit exit, porpoise_exit* out) {
  exit.size = out->size;
  std::memcpy(out, &exit, std::min<std::size_t>(out->size, sizeof exit));
}

LogLevel to_level(porpoise_log_level level) {
  return static_cast<LogLevel>(std::clamp<porpoise_log_level>(level, PORPOISE_DEBUG, PORPOISE_ERROR));
}

porpoise_status to_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return PORPOISE_INVALID_PARAMS;
    case ErrorCode::kCancelled: return PORPOISE_CANCELLED;
    case ErrorCode::kUnavailable: return PORPOISE_UNAVAILABLE;
    default: return PORPOISE_INTERNAL;
  }
}

}  // namespace

PluginHost::PluginHost(const TaskRequest& request, const SudoUser& tenant, Channel& channel, int output)
    : request_(request),
      tenant_(tenant),
      channel_(channel),
      output_(output),
      no_input_(lift(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)))),
      cancel_event_(lift(UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)))) {
  fill_table();
}

void PluginHost::cancel() {
  cancelled_ = true;
  const std::uint64_t one = 1;
  // It stays readable, as nobody reads it; a second write changes nothing.
  [[maybe_unused]] const ssize_t written = ::write(cancel_event_.get(), &one, sizeof one);
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
  if (name.size() + value.size() <= kMaxVariableBytes) {
    channel_.send({.kind = PacketKind::kVariable, .first = name, .second = value});
    return;
  }
  log(LogLevel::kWarn, "parameter " + std::string(name.substr(0, 100)) + " is not set: it is larger than " +
                           std::to_string(kMaxVariableBytes) + " bytes");
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

porpoise_status PluginHost::spawn(const porpoise_spawn& spec, std::int64_t* pid, porpoise_str* error) {
  // Words go through the channel and a child's output through a pipe: only an answer keeps them in order.
  ask({.kind = PacketKind::kChildBegins});
  const auto child = start_child(read_spawn(spec));
  if (child) {
    *pid = *child;
    channel_.send({.kind = PacketKind::kChildBegan, .number = *child});
    return PORPOISE_OK;
  }
  spawn_error_ = child.error().to_string();
  *error = to_c(spawn_error_);
  return to_status(child.error().code());
}

Result<pid_t> PluginHost::start_child(const porpoise_spawn& spec) {
  // One that starts now would have missed the SIGTERM.
  if (cancelled_) return fail(ErrorCode::kCancelled, "cannot start a process: the task is to end");
  if ((spec.argc == 0) == (spec.shell.size == 0))
    return fail(ErrorCode::kInvalid, "cannot start a process: give either a program or a text for bash");
  const bool program = spec.argc > 0;
  PORPOISE_TRY(std::string file, write_command_file(program ? "exec \"$@\"" : to_view(spec.shell)));
  SpawnSpec start;
  start.argv = {"/bin/bash", std::move(file)};
  for (std::uint64_t i = 0; i < spec.argc; ++i) start.argv.emplace_back(to_view(spec.argv[i]));
  if (tenant_.needed()) {
    PORPOISE_TRY(start.argv, request_.no_new_privs ? tenant_.command_without_privileges(std::move(start.argv))
                                                   : tenant_.command(std::move(start.argv)));
  }
  start.directory = request_.execute_path;
  start.fds = {no_input_.get(), output_, output_};
  start.own_group = true;
  start.die_with_thread = true;
  start.address_space = child_address_space_;
  return porpoise::spawn(start);
}

Result<std::string> PluginHost::write_command_file(std::string_view command) {
  std::string path = request_.execute_path + "/" + request_.task_app_id();
  if (++children_ > 1) path.append("_").append(std::to_string(children_));
  path += ".command";
  const std::string inherited = tenant_.needed() ? environment_lines(environ) : "";
  PORPOISE_TRY_VOID(write_file(path, command_file(request_, command, inherited), 0755, Durability::kAtomic));
  return path;
}

porpoise_status PluginHost::wait_child(std::int64_t pid, porpoise_exit* out) {
  if (pid <= 0) return PORPOISE_INVALID_PARAMS;
  int status = 0;
  while (::waitpid(static_cast<pid_t>(pid), &status, 0) < 0)
    if (errno != EINTR) return PORPOISE_INTERNAL;
  const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  write_exit({0, signal != 0 ? 128 + signal : WEXITSTATUS(status), signal}, out);
  // What it printed comes before anything that the plugin says from now on.
  channel_.send({.kind = PacketKind::kChildEnded});
  return PORPOISE_OK;
}

const void* PluginHost::extension(std::string_view id) const {
  if (id == PORPOISE_EXT_BRANCH) return &branch_;
  if (id == PORPOISE_EXT_ALERT) return &alert_;
  return nullptr;
}

void PluginHost::fill_table() {
  branch_ = {sizeof branch_, [](const porpoise_host* host, int32_t index, porpoise_str next_node) {
               self(host).channel_.send({.kind = PacketKind::kBranch, .number = index, .first = to_view(next_node)});
             }};
  alert_ = {sizeof alert_, [](const porpoise_host* host, int32_t group_id, porpoise_str title, porpoise_str content) {
              self(host).channel_.send({.kind = PacketKind::kAlert,
                                        .number = group_id,
                                        .first = cut_utf8(to_view(title), kMaxAlertTitleBytes),
                                        .second = cut_utf8(to_view(content), kMaxAlertContentBytes)});
            }};
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
      .spawn = [](const porpoise_host* host, const porpoise_spawn* spec, int64_t* pid,
                  porpoise_str* error) { return self(host).spawn(*spec, pid, error); },
      .wait_child = [](const porpoise_host* host, int64_t pid,
                       porpoise_exit* out) { return self(host).wait_child(pid, out); },
      .now_mono_ms = [](const porpoise_host*) { return mono_ms(); },
      .now_wall_ms = [](const porpoise_host*) { return wall_ms(); },
      .get_extension = [](const porpoise_host* host, porpoise_str id) -> const void* {
        return self(host).extension(to_view(id));
      },
  };
}

}  // namespace porpoise
