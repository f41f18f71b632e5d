// The file that bash runs for a task's child: it sets the scene, then comes the command (3.1 `ShellCommandExecutor`).
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/request.h"

namespace porpoise {

struct Command {
  std::string_view text;                 // bash
  std::string_view inherited;            // lines that come first, for who starts the file with another environment
  std::vector<std::string> environment;  // "NAME=value", set after the task's environment
  std::string_view directory;            // absolute or below the working directory; empty: there
  bool ignores_cancel = false;           // SIGTERM is ignored, in what it starts too
  bool has_input = false;                // stdin is for the command, not for what sets the scene
  bool output_is_read = false;           // stdout is for the command; what sets the scene prints to stderr
};

// The chosen environment comes before the command, else the system's env file. Errors: kInvalid for a variable that
// bash cannot set.
Result<std::string> command_file(const TaskRequest& request, const Command& command);

// An environment ("NAME=value" each, ended by null) as bash lines. sudo lets little of it through, and how much is in
// the hands of who wrote its rules.
std::string environment_lines(const char* const* environment);

// "a b" -> 'a b'; safe for every byte but NUL.
std::string quote_for_shell(std::string_view word);

}  // namespace porpoise
