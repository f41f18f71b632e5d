#include "taskhost/command_file.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

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

}  // namespace porpoise
