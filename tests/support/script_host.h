// A FakeHost that starts children too, by the code of the real one, in a folder of their own and with their output in a
// file there.
//
// Used by one test; everything but cancel() on its thread.
#pragma once

#include <fcntl.h>
#include <signal.h>

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "base/file.h"
#include "support/fake_host.h"
#include "taskhost/plugin_children.h"

namespace porpoise::support {

class ScriptHost : public FakeHost {
 public:
  ScriptHost() : work_dir_(make_folder()), output_(open_output(work_dir_)) {
    request_.process_instance_id = 3;
    request_.task_instance_id = 7;
    request_.execute_path = work_dir_;
    c_.spawn = [](const porpoise_host* c, const porpoise_spawn* spec, std::int64_t* pid, porpoise_str* error) {
      return self(c).start([&](PluginChildren& children) { return children.spawn(*spec, pid, error); }, *pid, error);
    };
    c_.wait_child = [](const porpoise_host* c, std::int64_t pid, porpoise_exit* out) {
      return self(c).wait_child(pid, -1, out);
    };
    process_c_.size = sizeof process_c_;
    process_c_.spawn = [](const porpoise_host* c, const porpoise_process_spec* spec, porpoise_child* out,
                          porpoise_str* error) {
      return self(c).start([&](PluginChildren& children) { return children.spawn(*spec, out, error); }, out->pid,
                           error);
    };
    process_c_.signal = [](const porpoise_host* c, std::int64_t pid, std::int32_t number, porpoise_str* error) {
      return self(c).children_.signal(pid, number, error);
    };
    process_c_.wait = [](const porpoise_host* c, std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out) {
      return self(c).wait_child(pid, timeout_ms, out);
    };
    c_.get_extension = [](const porpoise_host* c, porpoise_str id) -> const void* {
      return plugin::to_view(id) == PORPOISE_EXT_PROCESS ? &self(c).process_c_ : self(c).extension(id);
    };
  }
  ~ScriptHost() {
    std::filesystem::remove_all(work_dir_);
    std::filesystem::remove(output_path(work_dir_));
  }

  std::string environment_script;  // bash text in front of the plugin's

  const std::filesystem::path& work_dir() const { return work_dir_; }
  // What the children printed.
  std::string child_output() const { return read_file(output_path(work_dir_), std::size_t{1} << 20U).value_or(""); }

  // Children get the SIGTERM that the real host sends them.
  void cancel() {
    FakeHost::cancel();
    end_children();
  }

 private:
  static ScriptHost& self(const porpoise_host* c) { return static_cast<ScriptHost&>(*static_cast<FakeHost*>(c->data)); }
  static std::filesystem::path make_folder() {
    std::string folder = (std::filesystem::path(::testing::TempDir()) / "script_XXXXXX").native();
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    return folder;
  }
  // Beside the folder: a test may look for what a plugin leaves in there.
  static std::string output_path(const std::filesystem::path& folder) { return folder.native() + ".output"; }
  static UniqueFd open_output(const std::filesystem::path& folder) {
    return UniqueFd(::open(output_path(folder).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }

  template <typename Start>
  porpoise_status start(Start start, const std::int64_t& pid, porpoise_str* error) {
    // Nothing of the developer's own.
    request_.environment_config = "unset PYTHON_HOME PYTHONPATH\nexport PATH=/usr/bin:/bin\n" + environment_script;
    if (c_.cancel_requested(&c_) != 0) return children_.refuse({ErrorCode::kCancelled, "the task is to end"}, error);
    const porpoise_status status = start(children_);
    if (status != PORPOISE_OK) return status;
    {
      const std::lock_guard lock(pids_mutex_);
      pids_.insert(static_cast<pid_t>(pid));
    }
    if (c_.cancel_requested(&c_) != 0) end_children();  // the cancel came before it was known
    return status;
  }

  void end_children() {
    const std::lock_guard lock(pids_mutex_);
    for (const pid_t child : pids_) ::kill(-child, SIGTERM);
  }

  porpoise_status wait_child(std::int64_t pid, std::int64_t timeout_ms, porpoise_exit* out) {
    siginfo_t info{};
    // Its number stays its own until it is forgotten here.
    if (timeout_ms < 0) ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
    const std::lock_guard lock(pids_mutex_);
    const porpoise_status status = children_.wait(pid, timeout_ms, out);
    if (status == PORPOISE_OK) pids_.erase(static_cast<pid_t>(pid));
    return status;
  }

  const std::filesystem::path work_dir_;
  const UniqueFd output_;
  TaskRequest request_;
  const SudoUser nobody_{"", ""};
  PluginChildren children_{request_, nobody_, output_.get()};
  porpoise_process process_c_{};
  std::mutex pids_mutex_;  // guards pids_
  std::set<pid_t> pids_;
};

}  // namespace porpoise::support
