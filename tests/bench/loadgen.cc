// Loads one worker, whichever program it is, as a master would, and says how fast it was; or starts the same script
// without any worker, which is as fast as this machine can be.
//
//   bench_loadgen worker --address 127.0.0.1:1234 --tasks 1000 --concurrency 100 [--script true] [--tenant root]
//   bench_loadgen spawn --file task.command --tasks 1000 --concurrency 100
//
// Prints one JSON object. Ends with 1 when a task failed, was rejected or did not end in time.
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "support/scripted_master.h"

namespace porpoise {
namespace {

using Clock = std::chrono::steady_clock;
using support::WorkerMessage;
using wire::Command;

constexpr int kSuccess = 7;  // 3.1 `TaskExecutionStatus`
constexpr int kDelay = 12;   // no end
constexpr std::chrono::seconds kFarewell{1};

struct Load {
  int tasks = 200;
  int concurrency = 1;
  std::string address;
  std::string script = "true";
  std::string tenant;
  std::int64_t first_id = 1;
  int limit_seconds = 600;
  std::string file;
};

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

// Nearest rank: always a value that was measured.
OrderedJson distribution(std::vector<double> values) {
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5);
    return values[rank];
  };
  return {{"p50", at(0.5)}, {"p95", at(0.95)}, {"p99", at(0.99)}, {"min", values.front()}, {"max", values.back()}};
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

OrderedJson report(const Load& load, Clock::duration took, std::vector<double> latencies) {
  const double seconds = milliseconds(took) / 1000;
  const auto done = static_cast<double>(latencies.size());
  return {{"tasks", load.tasks},
          {"concurrency", load.concurrency},
          {"seconds", seconds},
          {"tasks_per_second", seconds > 0 ? done / seconds : 0},
          {"dispatch_to_result_ms", distribution(std::move(latencies))}};
}

// A closed loop: when a task ends, the next one is dispatched.
class Run {
 public:
  explicit Run(const Load& load) : load_(load), master_(io_) {
    master_.acknowledge = [this](const WorkerMessage& message) {
      hear(message);
      return support::Ack();
    };
  }

  Status go() {
    if (master_.address().empty()) return fail(ErrorCode::kUnavailable, "cannot listen on 127.0.0.1");
    PORPOISE_TRY_VOID(master_.connect(load_.address));
    began_ = last_end_ = Clock::now();
    for (int i = 0; i < std::min(load_.concurrency, load_.tasks); ++i) dispatch_next();
    master_.wait_until([this] { return ended() == load_.tasks; }, std::chrono::seconds(load_.limit_seconds));
    // The worker is to have read the last ACKs before their connection goes; it says nothing when it has.
    master_.wait_until([] { return false; }, kFarewell);
    return {};
  }

  bool all_succeeded() const { return static_cast<int>(latencies_.size()) == load_.tasks; }

  OrderedJson result() const {
    OrderedJson text = report(load_, last_end_ - began_, latencies_);
    text["dispatch_to_running_ms"] = distribution(running_);
    text["failed"] = failed_;
    text["rejected"] = rejected_;
    text["unfinished"] = load_.tasks - ended();
    text["repeated"] = repeated_;
    text["own_cpu_seconds"] = own_cpu_seconds();
    return text;
  }

 private:
  int ended() const { return static_cast<int>(latencies_.size()) + failed_ + rejected_; }

  void dispatch_next() {
    if (dispatched_ == load_.tasks) return;
    const std::int64_t id = load_.first_id + dispatched_++;
    begun_[id] = Clock::now();
    master_.dispatch({.task_instance_id = id, .script = load_.script, .tenant = load_.tenant});
  }

  void hear(const WorkerMessage& message) {
    const auto begun = begun_.find(message.task_instance_id);
    if (begun == begun_.end()) return;  // of an earlier run
    if (message.earlier > 0) {
      ++repeated_;
      return;
    }
    const double after = milliseconds(message.at - begun->second);
    if (message.command == Command::kTaskExecuteRunning) {
      running_.push_back(after);
      return;
    }
    if (message.command == Command::kTaskReject) {
      ++rejected_;
    } else {
      const std::int64_t status = integer_or(message.json(), "status", 0);
      if (status == kDelay) return;
      if (status == kSuccess)
        latencies_.push_back(after);
      else
        ++failed_;
    }
    last_end_ = message.at;
    dispatch_next();
  }

  const Load& load_;
  boost::asio::io_context io_;
  support::ScriptedMaster master_;
  Clock::time_point began_;
  Clock::time_point last_end_;
  int dispatched_ = 0;
  int failed_ = 0;
  int rejected_ = 0;
  int repeated_ = 0;
  std::map<std::int64_t, Clock::time_point> begun_;
  std::vector<double> running_;
  std::vector<double> latencies_;
};

int load_worker(const Load& load) {
  Run run(load);
  if (const Status done = run.go(); !done) {
    std::fprintf(stderr, "bench_loadgen: %s\n", done.error().to_string().c_str());
    return 3;
  }
  std::puts(run.result().dump(1).c_str());
  return run.all_succeeded() ? 0 : 1;
}

pid_t spawn_bash(const std::string& file) {
  std::string shell = "/bin/bash";
  std::string script = file;
  char* const argv[] = {shell.data(), script.data(), nullptr};
  pid_t pid = 0;
  return ::posix_spawn(&pid, shell.c_str(), nullptr, nullptr, argv, environ) == 0 ? pid : -1;
}

int spawn_only(const Load& load) {
  std::map<pid_t, Clock::time_point> running;
  std::vector<double> latencies;
  int begun = 0;
  const auto began = Clock::now();
  while (begun < load.tasks || !running.empty()) {
    while (begun < load.tasks && static_cast<int>(running.size()) < load.concurrency) {
      const auto at = Clock::now();
      const pid_t pid = spawn_bash(load.file);
      if (pid < 0) return 3;
      running[pid] = at;
      ++begun;
    }
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, 0);
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return 1;
    latencies.push_back(milliseconds(Clock::now() - running[pid]));
    running.erase(pid);
  }
  std::puts(report(load, Clock::now() - began, std::move(latencies)).dump(1).c_str());
  return 0;
}

}  // namespace
}  // namespace porpoise

int main(int argc, char** argv) {
  porpoise::Load load;
  CLI::App app("Measures a worker, or the machine without one");
  app.require_subcommand(1);
  CLI::App* const worker = app.add_subcommand("worker", "dispatch SHELL tasks to a worker that is registered");
  worker->add_option("--address", load.address, "of the worker, HOST:PORT")->required();
  worker->add_option("--script", load.script, "rawScript of each task")->capture_default_str();
  worker->add_option("--tenant", load.tenant, "who each task runs as; empty: the worker's own user");
  worker->add_option("--first-id", load.first_id, "task instance of the first task; no two runs may share one");
  worker->add_option("--limit", load.limit_seconds, "seconds for all of it")->capture_default_str();
  CLI::App* const spawn = app.add_subcommand("spawn", "start bash on a file and wait for it, again and again");
  spawn->add_option("--file", load.file, "the script")->required();
  for (CLI::App* const command : {worker, spawn}) {
    command->add_option("--tasks", load.tasks)->capture_default_str();
    command->add_option("--concurrency", load.concurrency, "tasks in flight at once")->capture_default_str();
  }
  CLI11_PARSE(app, argc, argv);
  return worker->parsed() ? porpoise::load_worker(load) : porpoise::spawn_only(load);
}
