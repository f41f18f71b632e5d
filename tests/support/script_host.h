// A FakeHost that starts children too, under bash and in a folder of their own, with their output in a file there.
//
// Used by one test; everything but cancel() on its thread.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <filesystem>
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

  void cancel() {
    FakeHost::cancel();
    kill_child();
  }

 private:
  static ScriptHost& self(const porpoise_host* c) { return static_cast<ScriptHost&>(*static_cast<FakeHost*>(c->data)); }

  porpoise_status spawn(std::string_view shell, std::int64_t& pid, porpoise_str& error) {
    // A file as in 3.1, not `bash -c`, which would let the last command take the place of bash.
    const std::filesystem::path command_file = work_dir_ / "3_7.command";
    const std::string text =
        "cd '" + work_dir_.native() + "'\n" + environment_script + "\n" + std::string(shell) + "\n";
    EXPECT_TRUE(write_file(command_file, text, 0755, Durability::kAtomic));
    std::string words[] = {"bash", command_file.native()};
    char* argv[] = {words[0].data(), words[1].data(), nullptr};
    std::string path = "PATH=/usr/bin:/bin";
    char* variables[] = {path.data(), nullptr};
    child_ = start(argv, variables);
    if (c_.cancel_requested(&c_) != 0) kill_child();  // the cancel came before child_ was known
    pid = child_;
    if (pid == 0) error = plugin::to_c("cannot start bash");
    return pid == 0 ? PORPOISE_INTERNAL : PORPOISE_OK;
  }

  void kill_child() {
    if (const pid_t child = child_.load(); child > 0) ::kill(-child, SIGKILL);
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
    if (::waitpid(pid, &status, 0) != pid) return PORPOISE_INTERNAL;
    child_ = 0;
    out.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    out.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return PORPOISE_OK;
  }

  std::filesystem::path work_dir_;
  std::atomic<pid_t> child_ = 0;
};

}  // namespace porpoise::support
