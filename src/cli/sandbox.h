// `porpoise sandbox`: becomes the OpenMLDB sandbox, a Python program, with the right interpreter.
#pragma once

#include <CLI/CLI.hpp>

namespace porpoise {

void add_sandbox_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
