#include "host/command_file.h"

#include <algorithm>

namespace porpoise {
namespace {

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return std::string_view(" \t\r\n").find(c) != std::string_view::npos; });
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

std::string command_file(const TaskRequest& request, std::string_view command) {
  std::string file = "#!/bin/bash\n";
  add_line(file, "BASEDIR=" + quote_for_shell(request.execute_path));
  add_line(file, "cd \"$BASEDIR\" || exit 1");
  // One or the other, never both: 3.1 does not source the env file when an environment was chosen.
  if (!is_blank(request.environment_config)) {
    add_line(file, request.environment_config);
  } else if (!request.env_file.empty()) {
    add_line(file, "source " + quote_for_shell(request.env_file));
  }
  add_line(file, command);
  return file;
}

}  // namespace porpoise
