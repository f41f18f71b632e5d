#include "cli/commands.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/text.h"

namespace porpoise {

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

std::filesystem::path executable_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

Output standard_output(bool no_color) {
  return {STDOUT_FILENO, decide_traits(::isatty(STDOUT_FILENO) == 1, {.no_color_option = no_color,
                                                                      .no_color = environment("NO_COLOR"),
                                                                      .clicolor_force = environment("CLICOLOR_FORCE"),
                                                                      .term = environment("TERM")})};
}

int print_error(std::string_view message, int exit_code) {
  Output(STDERR_FILENO, {}).write("porpoise: " + escape_controls(message, "\n\t") + "\n");
  return exit_code;
}

int finished(const Output& output, int exit_code) {
  if (output.problem() == 0 || exit_code != kExitOk) return exit_code;
  return print_error(errno_error("cannot write to standard output", output.problem()), kExitEnvironment);
}

int print_error(const Error& error, int exit_code) { return print_error(error.to_string(), exit_code); }

}  // namespace porpoise
