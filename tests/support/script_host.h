// A FakeHost that starts children too, under bash and in a folder of their own, with their output in a file there.
//
// Used by one test; everything but cancel() on its thread.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "support/fake_host.h"

namespace porpoise::support {

class ScriptHost : public FakeHost {
 public:
  ScriptHost() {
    std::string folder = (std::filesystem::path(::testing::TempDir()) / "script_XXXXXX").native();
    if (::mkdtemp(folder.data()) != nullptr) work_dir_ = folder;
    c_.spawn = [](const porpoise_host* c, const porpoise_spawn* spec, std::int64_t* pid, porpoise_str* error) {
      return self(c).spawn(plugin::to_view(spec->shell), *pid, *error);
    };
    c_.wait_child = [](const porpoise_host* c, std::int64_t pid, porpoise_exit* out) {
      return self(c).wait_child(static_cast<pid_t>(pid), *out);
    };
  }
  ~ScriptHost() { std::filesystem::remove_all(work_dir_); }

  std::string environment_script;  // bash text in front of the plugin's

  const std::filesystem::path& work_dir() const { return work_dir_; }
  // What the children printed.
  std::string child_output() const { return read_file(work_dir_ / "output", std::size_t{1} << 20U).value_or(""); }

  // Children get the SIGTERM that the real host sends them.
  void cancel() {
    FakeHost::cancel();
    end_children();
  }

 private:
  static ScriptHost& self(const porpoise_host* c) { return static_cast<ScriptHost&>(*static_cast<FakeHost*>(c->data)); }

  porpoise_status spawn(std::string_view shell, std::int64_t& pid, porpoise_str& error) {
    // A file as in 3.1, not `bash -c`, which would let the last command take the place of bash.
    const std::string number = ++started_ == 1 ? "" : "_" + std::to_string(started_);
    const std::filesystem::path command_file = work_dir_ / ("3_7" + number + ".command");
    const std::string text =
        "cd '" + work_dir_.native() + "'\n" + environment_script + "\n" + std::string(shell) + "\n";
    EXPECT_TRUE(write_file(command_file, text, 0755, Durability::kAtomic));
    std::string words[] = {"bash", command_file.native()};
    char* argv[] = {words[0].data(), words[1].data(), nullptr};
    std::string path = "PATH=/usr/bin:/bin";
    char* variables[] = {path.data(), nullptr};
    const bool is_late = c_.cancel_requested(&c_) != 0;
    const pid_t child = is_late ? 0 : start(argv, variables);
    pid = child;
    if (child == 0) {
      error = plugin::to_c(is_late ? "the task is to end" : "cannot start bash");
      return is_late ? PORPOISE_CANCELLED : PORPOISE_INTERNAL;
    }
    {
      const std::lock_guard lock(children_mutex_);
      children_.insert(child);
    }
    if (c_.cancel_requested(&c_) != 0) end_children();  // the cancel came before it was known
    return PORPOISE_OK;
  }

  void end_children() {
    const std::lock_guard lock(children_mutex_);
    for (const pid_t child : children_) ::kill(-child, SIGTERM);
  }

  // In a process group of its own, for cancel; 0 when it cannot be started.
  pid_t start(char* const argv[], char* const variables[]) const {
    const std::string output = (work_dir_ / "output").native();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t child = 0;
    const int failure = ::posix_spawn(&child, "/bin/bash", &actions, &attributes, argv, variables);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    return failure == 0 ? child : 0;
  }

  porpoise_status wait_child(pid_t pid, porpoise_exit& out) {
    int status = 0;
    siginfo_t info{};
    // Its number stays its own until it is forgotten here.
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0) return PORPOISE_INTERNAL;
    {
      const std::lock_guard lock(children_mutex_);
      children_.erase(pid);
    }
    if (::waitpid(pid, &status, 0) != pid) return PORPOISE_INTERNAL;
    out.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return PORPOISE_OK;
  }

  std::filesystem::path work_dir_;
  int started_ = 0;
  std::mutex children_mutex_;  // guards children_
  std::set<pid_t> children_;
};

}  // namespace porpoise::support
