// `porpoise doctor NAME`: becomes the program that looks at what a plugin needs, and says what is wrong with it.
#pragma once

#include <CLI/CLI.hpp>

namespace porpoise {

void add_doctor_command(CLI::App& app, int& exit_code);

}  // namespace porpoise
