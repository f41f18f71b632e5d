// The file that bash runs for a task's child: it sets the scene, then comes the command (3.1 `ShellCommandExecutor`).
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "model/request.h"

namespace porpoise {

// `command` is bash text; the chosen environment comes before it, else the system's env file. First of all come the
// lines of `inherited`, for who starts the file with another environment.
std::string command_file(const TaskRequest& request, std::string_view command, std::string_view inherited = "");

// An environment ("NAME=value" each, ended by null) as bash lines. sudo lets little of it through, and how much is in
// the hands of who wrote its rules.
std::string environment_lines(const char* const* environment);

// "a b" -> 'a b'; safe for every byte but NUL.
std::string quote_for_shell(std::string_view word);

}  // namespace porpoise
