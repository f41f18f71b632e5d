// The child processes of a plugin: `spawn` and `wait_child` of plugin.h, and the extension porpoise.process/1.
//
// Owned by the plugin's host (PluginHost, or one that stands in for it), on the run thread. A child runs under bash
// with the task's environment, as the task's user: through sudo where this process is not root, and then signals to it
// go through sudo as well.
#pragma once

#include <porpoise/ext/process.h>
#include <sys/resource.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"
#include "model/request.h"
#include "plugin/loader.h"
#include "process/spawn.h"
#include "process/user.h"

namespace porpoise {

// --- The file that bash runs for a task's child: it sets the scene, then comes the command (3.1
// `ShellCommandExecutor`). Pure.

struct Command {
  std::string_view text;                 // bash
  std::string_view inherited;            // lines that come first, for who starts the file with another environment
  std::vector<std::string> environment;  // "NAME=value", set after the task's environment
  std::string_view directory;            // absolute or below the working directory; empty: there
  bool ignores_cancel = false;           // SIGTERM is ignored, in what it starts too
  bool has_input = false;                // stdin is for the command, not for what sets the scene
  bool output_is_read = false;           // stdout is for the command; what sets the scene prints to stderr
  std::string_view began;                // a file that is made once the environment was set up; empty: none
};

// The chosen environment comes before the command, else the system's env file. Errors: kInvalid for a variable that
// bash cannot set.
Result<std::string> command_file(const TaskRequest& request, const Command& command);

// An environment ("NAME=value" each, ended by null) as bash lines. sudo lets little of it through, and how much is in
// the hands of who wrote its rules.
std::string environment_lines(const char* const* environment);

// "a b" -> 'a b'; safe for every byte but NUL.
std::string quote_for_shell(std::string_view word);

// --- The children.

class PluginChildren {
 public:
  // Everything is borrowed. `output` receives what children print that have no pipe for it.
  PluginChildren(const TaskRequest& request, const SudoUser& tenant, int output);

  // What children get back that this process itself was denied.
  void set_address_space(const rlimit& limit) { address_space_ = limit; }

  porpoise_status spawn(const porpoise_spawn& spec, std::int64_t* pid, porpoise_str* error);
  porpoise_status spawn(const porpoise_process_spec& spec, porpoise_child* out, porpoise_str* error);
  porpoise_status signal(std::int64_t pid, std::int32_t number, porpoise_str* error);
  porpoise_status wait(std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out);  // -1: for ever

  // A shell ended by itself while it set up the task's environment, so its command never began: "exit 0" in an env
  // file.
  bool environment_ended() const { return environment_ended_; }

  // Puts an error into the words and the status of the ABI; the text is valid until the next call.
  porpoise_status refuse(const Error& problem, porpoise_str* error);

 private:
  Result<ChildTable::Child> start(const porpoise_process_spec& spec);
  Result<std::string> write_command_file(const porpoise_process_spec& spec);
  Status send(pid_t pid, int number) const;

  const TaskRequest& request_;
  const SudoUser& tenant_;
  int output_;
  UniqueFd no_input_;
  std::optional<rlimit> address_space_;
  ChildTable table_;
  int started_ = 0;
  std::map<std::int64_t, std::string> command_files_;  // by pid, of those that set up an environment first
  bool environment_ended_ = false;
  std::string error_;  // what the plugin borrows
};

}  // namespace porpoise
