// The built `porpoise worker` as a process of its own, on a loopback port and in a folder of its own. It can be killed,
// asked to leave, and started again with what it left.
//
//   WorkerProcess worker({.zookeeper = server.connect_string()});
//   ASSERT_EQ(worker.problem(), "");
//
// Used by one test, on its thread. At the end the worker and its tasks are ended and the folder is removed, whatever
// happened before.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "process/spawn.h"
#include "support/temp_folder.h"
#include "support/zookeeper_server.h"
#include "taskdir/liveness.h"

namespace porpoise::support {

class WorkerProcess {
 public:
  struct Options {
    std::string zookeeper;
    std::vector<std::string> flags{};   // more, or others than those below
    std::string masters = "127.0.0.1";  // who may give tasks without being registered
  };

  explicit WorkerProcess(Options options) : options_(std::move(options)), port_(free_port()) {
    if (folder_.path().empty()) return;
    start();
  }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;
  ~WorkerProcess() { end(); }

  // A start that fails later shows in has_ended() and log().
  void start() {
    const std::string log_file = (folder_.path() / "worker.log").native();
    const UniqueFd log(::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    SpawnSpec spec;
    spec.argv = {PORPOISE_BUILD "/bin/porpoise", "worker"};
    for (const auto& [flag, value] : flags()) spec.argv.insert(spec.argv.end(), {flag, value});
    spec.argv.insert(spec.argv.end(), options_.flags.begin(), options_.flags.end());
    spec.fds = {nothing.get(), log.get(), log.get()};
    spec.die_with_thread = true;
    const auto pid = spawn(spec);
    problem_ = pid ? "" : pid.error().to_string();
    pid_ = pid.value_or(-1);
  }

  // As an upgrade or a crash does it: its tasks run on.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

  void signal(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }

  // Its wait status, or -1 when it lives on.
  int wait_for_end(std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (pid_ > 0) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = -1;
        return status;
      }
      if (std::chrono::steady_clock::now() > end) break;
      ::poll(nullptr, 0, kPauseMs);
    }
    return -1;
  }

  pid_t pid() const { return pid_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& problem() const { return problem_; }
  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path state_dir(std::int64_t task_instance_id) const {
    return folder_.path() / "data" / "tasks" / std::to_string(task_instance_id);
  }
  std::string log() const {
    std::ifstream file(folder_.path() / "worker.log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  static constexpr int kPauseMs = 5;

  std::vector<std::pair<std::string, std::string>> flags() const {
    return {{"--zookeeper", options_.zookeeper},
            {"--listen", address()},
            {"--advertise-address", address()},
            {"--http", ""},
            {"--allow-masters", options_.masters},
            {"--data-dir", (folder_.path() / "data").native()},
            {"--log-dir", (folder_.path() / "logs").native()},
            {"--time-zone", "UTC"},
            // A machine that is busy with other tests is no reason to be given no tasks.
            {"--max-cpu-load-avg", "1000"},
            {"--reserved-memory", "0.01"}};
  }

  void end() {
    signal(SIGTERM);
    signal(SIGTERM);  // the second one ends its tasks, too
    wait_for_end(std::chrono::seconds(10));
    kill();
    std::error_code ignored;
    for (std::filesystem::directory_iterator at(folder_.path() / "data" / "tasks", ignored), last;
         !ignored && at != last; at.increment(ignored))
      end_host(at->path());
  }

  static void end_host(const std::filesystem::path& state_dir) {
    if (!host_lives(state_dir)) return;
    const auto host = wait_for_host_identity(state_dir);
    if (!host) return;
    ::kill(host->pid, SIGTERM);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (host_lives(state_dir) && std::chrono::steady_clock::now() < end) ::poll(nullptr, 0, kPauseMs);
  }

  const Options options_;
  const std::uint16_t port_;
  TempFolder folder_{"worker"};
  pid_t pid_ = -1;
  std::string problem_ = folder_.problem();
};

}  // namespace porpoise::support
