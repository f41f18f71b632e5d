// The porpoise_host that a plugin is given: turns its calls into packets to the supervisor, and starts its children.
//
// Lives in the runner, from before init until after deinit. Calls come on the threads that plugin.h names; cancel() and
// answered() come from the runner's control thread.
#pragma once

#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/plugin.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/expand.h"
#include "model/request.h"
#include "process/sudo_user.h"
#include "taskdir/task_log.h"
#include "taskhost/channel.h"

namespace porpoise {

class PluginHost {
 public:
  // Children run as `tenant` where that is needed, and `output` receives what they print. Everything is borrowed.
  PluginHost(const TaskRequest& request, const SudoUser& tenant, Channel& channel, int output);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  const porpoise_host* table() const { return &table_; }
  // What children get back that the runner itself was denied.
  void set_child_address_space(const rlimit& limit) { child_address_space_ = limit; }

  // Every waiting call of the plugin returns from now on.
  void cancel();
  bool cancelled() const { return cancelled_; }
  void answered(int problem);
  // Nobody will answer any more.
  void disconnect() { answered(EPIPE); }

  void log(LogLevel level, std::string_view text);

 private:
  const void* extension(std::string_view id) const;
  static PluginHost& self(const porpoise_host* host) { return *static_cast<PluginHost*>(host->data); }
  void fill_table();

  void output(std::string_view text);
  void set_var(std::string_view name, std::string_view value);
  porpoise_status add_app_id(std::string_view app_id);
  bool wait(std::int64_t timeout_ms);
  porpoise_status expand(std::string_view text, porpoise_str* out);
  // Sends a packet that is answered and waits for the answer: 0 or an errno. EPIPE without a supervisor.
  int ask(const Packet& packet);
  porpoise_status spawn(const porpoise_spawn& spec, std::int64_t* pid, porpoise_str* error);
  Result<pid_t> start_child(const porpoise_spawn& spec);
  Result<std::string> write_command_file(std::string_view command);
  porpoise_status wait_child(std::int64_t pid, porpoise_exit* out);

  const TaskRequest& request_;
  const SudoUser& tenant_;
  Channel& channel_;
  int output_;
  UniqueFd no_input_;
  UniqueFd cancel_event_;
  std::atomic<bool> cancelled_ = false;
  std::optional<rlimit> child_address_space_;
  int children_ = 0;
  std::string spawn_error_;
  std::optional<ParameterValues> values_;  // made when first asked for
  std::deque<std::string> expanded_;       // what the plugin borrows

  std::mutex ask_mutex_;  // one question at a time
  std::mutex answer_mutex_;
  std::condition_variable answered_;
  std::optional<int> answer_;

  porpoise_branch branch_{};
  porpoise_alert alert_{};
  porpoise_host table_{};
};

inline std::string_view to_view(porpoise_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline porpoise_str to_c(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace porpoise
