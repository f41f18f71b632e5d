#include "taskhost/plugin_children.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "taskhost/channel.h"

namespace porpoise {
namespace {

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return std::string_view(" \t\r\n").find(c) != std::string_view::npos; });
}

// Not for what bash keeps for itself and what it would not take for a name.
bool can_be_set(std::string_view name) {
  constexpr std::array<std::string_view, 7> kBashes{"_",         "BASHOPTS", "BASH_VERSINFO", "EUID", "PPID",
                                                    "SHELLOPTS", "UID"};
  const bool begins = !name.empty() && (std::isalpha(static_cast<unsigned char>(name[0])) != 0 || name[0] == '_');
  return begins && std::find(kBashes.begin(), kBashes.end(), name) == kBashes.end() &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

// "NAME=value" as a line of bash; nothing for what bash cannot set.
std::optional<std::string> export_line(std::string_view entry) {
  const std::string_view name = entry.substr(0, entry.find('='));
  if (name.size() == entry.size() || !can_be_set(name)) return std::nullopt;
  return "export " + std::string(name) + "=" + quote_for_shell(entry.substr(name.size() + 1));
}

std::string directory_word(std::string_view directory) {
  return (directory.front() == '/' ? "" : "\"$BASEDIR\"/") + quote_for_shell(directory);
}

void add_line(std::string& file, std::string_view line) {
  file += line;
  if (!line.ends_with('\n')) file += '\n';
}

bool has_environment(const TaskRequest& request) {
  return !is_blank(request.environment_config) || !request.env_file.empty();
}

}  // namespace

std::string quote_for_shell(std::string_view word) {
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string environment_lines(const char* const* environment) {
  std::string lines = "unset SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID SUDO_HOME\n";
  for (; *environment != nullptr; ++environment)
    if (const auto line = export_line(*environment)) add_line(lines, *line);
  return lines;
}

Result<std::string> command_file(const TaskRequest& request, const Command& command) {
  std::string file = "#!/bin/bash\n";
  if (command.ignores_cancel) add_line(file, "trap '' TERM");
  file += command.inherited;
  add_line(file, "BASEDIR=" + quote_for_shell(request.execute_path));
  add_line(file, "cd \"$BASEDIR\" || exit 1");
  // Bash chooses numbers that no script uses.
  if (command.has_input) add_line(file, "exec {porpoise_input}<&0 </dev/null");
  if (command.output_is_read) add_line(file, "exec {porpoise_output}>&1 >&2");
  // One or the other, never both: 3.1 does not source the env file when an environment was chosen.
  if (!is_blank(request.environment_config)) {
    add_line(file, request.environment_config);
  } else if (!request.env_file.empty()) {
    add_line(file, "source " + quote_for_shell(request.env_file));
  }
  if (!command.began.empty()) add_line(file, ": > " + quote_for_shell(command.began));
  if (command.has_input) add_line(file, "exec <&\"$porpoise_input\" {porpoise_input}<&-");
  if (command.output_is_read) add_line(file, "exec >&\"$porpoise_output\" {porpoise_output}>&-");
  for (const std::string& entry : command.environment) {
    const auto line = export_line(entry);
    if (!line) return fail(ErrorCode::kInvalid, "cannot set the variable " + entry.substr(0, entry.find('=')));
    add_line(file, *line);
  }
  if (!command.directory.empty()) add_line(file, "cd -- " + directory_word(command.directory) + " || exit 1");
  add_line(file, command.text);
  return file;
}

namespace {

constexpr std::uint64_t kMaxWords = 1U << 16U;  // of argv or env; the kernel takes a few MiB of them

porpoise_status to_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound: return PORPOISE_INVALID_PARAMS;
    case ErrorCode::kCancelled: return PORPOISE_CANCELLED;
    case ErrorCode::kUnavailable: return PORPOISE_UNAVAILABLE;
    default: return PORPOISE_INTERNAL;
  }
}

std::string began_file(const std::string& command_file) { return command_file + ".began"; }

// Removes the mark; false when the command never began. Where its own file is gone, too, a task has cleaned its folder.
bool take_mark(const std::string& command_file) {
  if (::unlink(began_file(command_file).c_str()) == 0 || errno != ENOENT) return true;
  return ::access(command_file.c_str(), F_OK) != 0;
}

bool is_child_of_now(std::int64_t pid) { return pid > 0 && pid <= std::numeric_limits<pid_t>::max(); }

Result<std::vector<std::string>> words_of(const porpoise_str* words, std::uint64_t count, const char* what) {
  std::vector<std::string> texts;
  if (count > kMaxWords || (count > 0 && words == nullptr))
    return fail(ErrorCode::kInvalid, std::string("cannot start a process: its ") + what + " has no sensible length");
  for (std::uint64_t i = 0; i < count; ++i) {
    texts.emplace_back(to_view(words[i]));
    if (texts.back().find('\0') != std::string::npos)
      return fail(ErrorCode::kInvalid, std::string("cannot start a process: NUL in its ") + what);
  }
  return texts;
}

ChildTable::Pipes pipes_of(std::uint32_t flags) {
  return {(flags & PORPOISE_PROCESS_STDIN) != 0, (flags & PORPOISE_PROCESS_STDOUT) != 0,
          (flags & PORPOISE_PROCESS_STDERR) != 0};
}

}  // namespace

PluginChildren::PluginChildren(const TaskRequest& request, const SudoUser& tenant, int output)
    : request_(request),
      tenant_(tenant),
      output_(output),
      no_input_(lift(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)))) {}

porpoise_status PluginChildren::refuse(const Error& problem, porpoise_str* error) {
  error_ = problem.to_string();
  *error = to_c(error_);
  return to_status(problem.code());
}

porpoise_status PluginChildren::spawn(const porpoise_spawn& spec, std::int64_t* pid, porpoise_str* error) {
  const porpoise_spawn given = read_sized(spec);
  porpoise_process_spec process{};
  process.size = sizeof process;
  process.argv = given.argv;
  process.argc = given.argc;
  process.shell = given.shell;
  const auto child = start(process);
  if (!child) return refuse(child.error(), error);
  *pid = child->pid;
  return PORPOISE_OK;
}

porpoise_status PluginChildren::spawn(const porpoise_process_spec& spec, porpoise_child* out, porpoise_str* error) {
  // A caller without room for a pipe could never close it.
  if (out->size < sizeof(porpoise_child))
    return refuse({ErrorCode::kInvalid, "cannot start a process: its porpoise_child is too small"}, error);
  auto child = start(read_sized(spec));
  if (!child) return refuse(child.error(), error);
  write_sized<porpoise_child>(
      {0, child->end, child->pid, child->input.release(), child->output.release(), child->errors.release(), 0}, out);
  return PORPOISE_OK;
}

Result<ChildTable::Child> PluginChildren::start(const porpoise_process_spec& spec) {
  if ((spec.argc == 0) == (spec.shell.size == 0))
    return fail(ErrorCode::kInvalid, "cannot start a process: give either a program or a text for bash");
  PORPOISE_TRY(std::vector<std::string> words, words_of(spec.argv, spec.argc, "command"));
  PORPOISE_TRY(std::string file, write_command_file(spec));
  const std::string path = file;
  words.insert(words.begin(), {"/bin/bash", std::move(file)});
  SpawnSpec start;
  start.argv = std::move(words);
  if (tenant_.needed()) {
    PORPOISE_TRY(start.argv, request_.no_new_privs ? tenant_.command_without_privileges(std::move(start.argv))
                                                   : tenant_.command(std::move(start.argv)));
  }
  start.directory = request_.execute_path;
  start.fds = {no_input_.get(), output_, output_};
  start.own_group = true;
  start.die_with_thread = true;
  start.address_space = address_space_;
  auto child = table_.start(std::move(start), pipes_of(spec.flags));
  if (child && has_environment(request_)) command_files_[child->pid] = path;
  return child;
}

Result<std::string> PluginChildren::write_command_file(const porpoise_process_spec& spec) {
  Command command;
  command.text = spec.argc > 0 ? "exec \"$@\"" : to_view(spec.shell);
  const std::string inherited = tenant_.needed() ? environment_lines(environ) : "";
  command.inherited = inherited;
  PORPOISE_TRY(command.environment, words_of(spec.env, spec.env_count, "environment"));
  command.directory = to_view(spec.directory);
  command.ignores_cancel = (spec.flags & PORPOISE_PROCESS_IGNORES_CANCEL) != 0;
  command.has_input = (spec.flags & PORPOISE_PROCESS_STDIN) != 0;
  command.output_is_read = (spec.flags & PORPOISE_PROCESS_STDOUT) != 0;
  std::string name = request_.task_app_id();
  if (++started_ > 1) name.append("_").append(std::to_string(started_));
  const std::string path = request_.execute_path + "/" + name + ".command";
  const std::string began = began_file(path);
  if (has_environment(request_)) command.began = began;
  PORPOISE_TRY(const std::string text, command_file(request_, command));
  PORPOISE_TRY_VOID(write_file(path, text, 0755, Durability::kAtomic));
  return path;
}

porpoise_status PluginChildren::signal(std::int64_t pid, std::int32_t number, porpoise_str* error) {
  if (!is_child_of_now(pid) || !table_.has(static_cast<pid_t>(pid)))
    return refuse({ErrorCode::kNotFound, "cannot signal process " + std::to_string(pid) + ": it is no child"}, error);
  if (number <= 0 || number >= NSIG)
    return refuse({ErrorCode::kInvalid, "there is no signal " + std::to_string(number)}, error);
  const Status sent = send(static_cast<pid_t>(pid), number);
  return sent ? PORPOISE_OK : refuse(sent.error(), error);
}

// Sudo itself may not be signalled from here; it ends with what it has started, which is in the same group.
Status PluginChildren::send(pid_t pid, int number) const {
  if (!tenant_.needed()) return table_.signal(pid, number);
  return tenant_.run({"signal", std::to_string(number), std::to_string(pid)});
}

porpoise_status PluginChildren::wait(std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out) {
  if (!is_child_of_now(pid)) return PORPOISE_INVALID_PARAMS;
  std::optional<std::chrono::milliseconds> limit;
  if (timeout_ms >= 0) limit = std::chrono::milliseconds(timeout_ms);
  const auto status = table_.wait(static_cast<pid_t>(pid), limit);
  if (!status) return to_status(status.error().code());
  if (!*status) return PORPOISE_TIMED_OUT;
  const int signal = WIFSIGNALED(**status) ? WTERMSIG(**status) : 0;
  int code = signal != 0 ? 128 + signal : WEXITSTATUS(**status);
  if (const auto file = command_files_.extract(pid); !file.empty() && !take_mark(file.mapped()) && signal == 0) {
    environment_ended_ = true;
    if (code == 0) code = 1;  // it is no success that the command never began
  }
  write_sized<porpoise_exit>({0, code, signal}, out);
  return PORPOISE_OK;
}

}  // namespace porpoise
