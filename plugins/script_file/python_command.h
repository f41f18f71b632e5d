// Bash text that runs a Python program by the interpreter of the task's environment. Pure.
#pragma once

#include <string>
#include <string_view>

namespace porpoise::script_file {

// `words`: the program and its arguments, each a word of bash. The first line on stderr names the interpreter and why
// it was chosen, if it is to be named; without one the exit code is 127 and stderr says where it was looked for.
std::string python_command(std::string_view words, bool names_interpreter = true);

}  // namespace porpoise::script_file
