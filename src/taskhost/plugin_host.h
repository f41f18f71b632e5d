// The porpoise_host that a plugin is given: turns its calls into packets to the supervisor, and starts its children.
//
// Lives in the runner, from before init until after deinit. Calls come on the threads that plugin.h names; cancel() and
// answered() come from the runner's control thread.
#pragma once

#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/process.h>
#include <sys/resource.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/parameter_resolution.h"
#include "model/request.h"
#include "plugin/loader.h"
#include "process/user.h"
#include "taskdir/task_log.h"
#include "taskhost/channel.h"
#include "taskhost/plugin_children.h"

namespace porpoise {

class PluginHost {
 public:
  // Children run as `tenant` where that is needed, and `output` receives what they print. Everything is borrowed.
  PluginHost(const TaskRequest& request, const SudoUser& tenant, Channel& channel, int output);
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  const porpoise_host* table() const { return &table_; }
  // What children get back that the runner itself was denied.
  // A child's shell ended while it set up the task's environment, so what it was to run never began.
  bool environment_ended() const { return children_.environment_ended(); }
  void set_child_address_space(const rlimit& limit) { children_.set_address_space(limit); }

  // Every waiting call of the plugin returns from now on. The first reason is the one that is told.
  void cancel(porpoise_cancel_reason reason, std::string_view text);
  bool cancelled() const { return cancelled_; }
  porpoise_cancel_reason cancel_reason(porpoise_str* text) const;
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
  // Starts a child by `start`, which is one of the ways of PluginChildren, and tells the supervisor of it.
  template <typename Start>
  porpoise_status start_child(Start start, const std::int64_t& pid, porpoise_str* error);
  porpoise_status wait_child(std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out);
  void fill_extensions();

  const TaskRequest& request_;
  Channel& channel_;
  UniqueFd cancel_event_;
  std::atomic<bool> cancelled_ = false;  // set after the reason, which does not change from then on
  porpoise_cancel_reason cancel_reason_ = PORPOISE_CANCEL_NONE;
  std::string cancel_text_;
  PluginChildren children_;
  std::optional<ParameterValues> values_;  // made when first asked for
  std::deque<std::string> expanded_;       // what the plugin borrows

  std::mutex variable_mutex_;  // the parts of one value come one after the other
  std::mutex ask_mutex_;       // one question at a time
  std::mutex answer_mutex_;
  std::condition_variable answered_;
  std::optional<int> answer_;

  porpoise_branch branch_{};
  porpoise_alert alert_{};
  porpoise_process process_{};
  porpoise_host table_{};
};

// What a plugin is told of its task besides the parameters: `context_json`, by include/porpoise/context.schema.json.
// The schema is a promise to plugins; request.json, from which this is mapped, is porpoise's own and may change.
//
// A document of "porpoise.context/1". What is meant for the host alone is not in it: the plugin's file and memory
// limit, the environment that its children get, and what keeps the working directory.
Json plugin_context(const TaskRequest& request);

}  // namespace porpoise
