// `porpoise eval params|switch`: what a placeholder text or a SWITCH condition becomes. One expression as an argument,
// or JSON lines from standard input to standard output.
#pragma once

#include <CLI/CLI.hpp>

namespace porpoise {

// Exit codes: 0; 1 when the expression given as an argument is wrong; 2 for wrong options and input lines.
void add_eval_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
