// The extension porpoise.process/1 for C++20: a child process with pipes, ended when its Process goes.
//
// Belongs to whoever starts it, on the run thread; valid until the task is destroyed. Sugar over ext/process.h.
#pragma once

#include <porpoise/ext/process.h>
#include <signal.h>
#include <unistd.h>

#include <porpoise/plugin.hpp>
#include <string>
#include <utility>
#include <vector>

namespace porpoise::plugin {

struct ProcessSpec {
  std::vector<std::string> argv;  // or `shell`, never both
  std::string shell;              // bash text
  std::vector<std::string> env;   // "NAME=value"
  std::string directory;          // empty: the working directory
  uint32_t flags = 0;             // PORPOISE_PROCESS_…
};

class Process {
 public:
  static Expected<Process> start(Host host, const ProcessSpec& spec) {
    const auto* const extension = host.extension<porpoise_process>(PORPOISE_EXT_PROCESS);
    if (extension == nullptr) return Outcome{PORPOISE_INTERNAL, "this host does not have " PORPOISE_EXT_PROCESS, -1};
    const std::vector<porpoise_str> argv = texts(spec.argv);
    const std::vector<porpoise_str> env = texts(spec.env);
    porpoise_process_spec c{};
    c.size = sizeof c;
    c.flags = spec.flags;
    c.argv = argv.data();
    c.argc = argv.size();
    c.shell = to_c(spec.shell);
    c.env = env.data();
    c.env_count = env.size();
    c.directory = to_c(spec.directory);
    Process process(host, extension);
    process.child_.size = sizeof process.child_;
    porpoise_str error{};
    const porpoise_status status = extension->spawn(host.raw(), &c, &process.child_, &error);
    if (status != PORPOISE_OK) return Outcome{status, std::string(to_view(error)), -1};
    process.runs_ = true;
    return process;
  }

  Process(Process&& other) noexcept
      : host_(other.host_),
        extension_(other.extension_),
        child_(std::exchange(other.child_, nothing())),
        runs_(std::exchange(other.runs_, false)) {}
  Process& operator=(Process&&) = delete;
  // SIGKILL to its process group, and waits for it.
  ~Process() {
    close_fd(child_.stdin_fd);
    close_fd(child_.stdout_fd);
    close_fd(child_.stderr_fd);
    if (!runs_ || !signal(SIGKILL)) return;  // where that cannot be done the host ends it, with the task
    wait(-1);
  }

  int64_t pid() const { return child_.pid; }
  int poll_fd() const { return child_.poll_fd; }  // readable when it has ended; until wait() gave its end
  // -1 without such a pipe.
  int stdin_fd() const { return child_.stdin_fd; }
  int stdout_fd() const { return child_.stdout_fd; }
  int stderr_fd() const { return child_.stderr_fd; }
  void close_stdin() { close_fd(child_.stdin_fd); }

  Outcome signal(int number) const {
    porpoise_str error{};
    const porpoise_status status = extension_->signal(host_.raw(), child_.pid, number, &error);
    return status == PORPOISE_OK ? Outcome::ok() : Outcome{status, std::string(to_view(error)), -1};
  }

  // How it ended; PORPOISE_TIMED_OUT when it still runs after `timeout_ms` (-1: no limit).
  Expected<porpoise_exit> wait(int64_t timeout_ms) {
    porpoise_exit exit{};
    exit.size = sizeof exit;
    const porpoise_status status = extension_->wait(host_.raw(), child_.pid, timeout_ms, &exit);
    if (status != PORPOISE_OK) return Outcome{status, "process " + std::to_string(child_.pid) + " has not ended", -1};
    runs_ = false;
    return exit;
  }

 private:
  static porpoise_child nothing() {
    porpoise_child child{};
    child.size = sizeof child;
    child.poll_fd = child.stdin_fd = child.stdout_fd = child.stderr_fd = -1;
    return child;
  }
  static std::vector<porpoise_str> texts(const std::vector<std::string>& words) {
    std::vector<porpoise_str> c;
    c.reserve(words.size());
    for (const std::string& word : words) c.push_back(to_c(word));
    return c;
  }
  static void close_fd(int32_t& fd) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  Process(Host host, const porpoise_process* extension) : host_(host), extension_(extension), child_(nothing()) {}

  Host host_;
  const porpoise_process* extension_;
  porpoise_child child_;
  bool runs_ = false;
};

}  // namespace porpoise::plugin
