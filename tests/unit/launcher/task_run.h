// One task in a real task host, followed by a real TaskProcess in a folder of its own that is removed at the end.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "launcher/task_process.h"
#include "process/process_info.h"

namespace porpoise {

class TaskRun final : public TaskListener {
 public:
  TaskRun() {
    char name[] = "/tmp/porpoise-test-XXXXXX";
    folder_ = ::mkdtemp(name);
    static std::int64_t last_id = 0;
    request.task_instance_id = ::getpid() * 1000LL + ++last_id;
    request.task_name = "a task";
    request.task_type = "FIXTURE";
    request.process_instance_id = 3;
    request.plugin = PORPOISE_BUILD "/tests/plugins/fixture.so";
    request.execute_path = folder_ / "work";
    request.log_path = folder_ / "logs/task.log";
    request.time_zone = "UTC";
    request.kill_grace = std::chrono::seconds(1);
    settings.host_binary = find_host_binary();
#ifdef __SANITIZE_THREAD__
    ::setenv("TSAN_OPTIONS", "atexit_sleep_ms=0", 0);  // it sleeps a second in every exit otherwise
#endif
  }
  ~TaskRun() override {
    task.reset();
    std::filesystem::remove_all(folder_);
  }

  TaskRun& act(const std::string& name, Json more = Json::object()) {
    more["do"] = name;
    request.task_params = dump_json(more);
    return *this;
  }
  TaskRun& script(const std::string& text) { return act("script", {{"script", text}}); }

  void start() {
    auto started = TaskProcess::start(deps(), request, state_dir(), *this);
    ASSERT_TRUE(started) << started.error().to_string();
    task = *std::move(started);
    host_pid = static_cast<pid_t>(task->pid());
  }

  // Follows the host that an earlier requester left. Null: none lives.
  Result<std::unique_ptr<TaskProcess>> adopted() {
    PORPOISE_TRY(auto host, find_running_host(settings, request.task_instance_id, state_dir()));
    if (!host) return nullptr;
    return TaskProcess::follow(deps(), *std::move(host), request, state_dir(), *this);
  }

  LauncherDeps deps() { return {io, settings, nullptr, children}; }

  // Handles events until `done`; false when that takes too long.
  bool wait_until(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::seconds(40)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!done() && std::chrono::steady_clock::now() < end) io.run_one_for(std::chrono::milliseconds(20));
    return done();
  }
  bool wait_for_log(const std::string& text) {
    return wait_until([&] { return log().find(text) != std::string::npos; });
  }

  const TaskResult& finish() {
    static const TaskResult none;
    EXPECT_TRUE(wait_until([&] { return result.has_value(); })) << "the task did not end; its log:\n" << log();
    return result ? *result : none;
  }
  const TaskResult& run() {
    start();
    return finish();
  }

  std::filesystem::path folder() const { return folder_; }
  std::filesystem::path state_dir() const { return folder_ / "state"; }
  std::string log() const { return read_file(request.log_path, 1U << 30U).value_or(""); }
  // The lines that the task printed; how they form batches depends on the moment.
  std::vector<std::string> printed() const {
    std::vector<std::string> found;
    std::istringstream stream(log());
    for (std::string line; std::getline(stream, line);) {
      const auto mark = line.find(" -  -> ");
      if (line[0] == '\t') found.push_back(line.substr(1));
      if (line[0] == '[' && mark != std::string::npos) found.push_back(line.substr(mark + 7));
    }
    return found;
  }
  std::optional<TaskResult> stored_result() const {
    const auto text = read_file(state_dir() / "result.json", 1U << 20U);
    const auto json = text ? parse_json(*text) : fail(ErrorCode::kIo, "");
    const auto stored = json ? task_result_from_json(*json) : fail(ErrorCode::kIo, "");
    return stored ? std::optional(*stored) : std::nullopt;
  }

  // Processes of this task: by session and by cookie, the host itself not counted.
  std::vector<ProcessInfo> alive() const {
    std::vector<ProcessInfo> found;
    for (const ProcessInfo& process : list_processes()) {
      if (process.pid == host_pid || process.state == 'Z') continue;
      if (process.session == host_pid || has_cookie(process.pid)) found.push_back(process);
    }
    return found;
  }

  void on_started(std::int64_t pid) override { started_pid = pid; }
  void on_line(std::string_view text) override { lines.emplace_back(text); }
  void on_progress(int permille, std::string_view text) override {
    progress.push_back(std::to_string(permille) + " " + std::string(text));
  }
  void on_app_id(std::string_view app_id) override { app_ids.emplace_back(app_id); }
  void on_hung(std::string_view why) override { hung.emplace_back(why); }
  void on_finished(const TaskResult& finished) override {
    EXPECT_FALSE(result) << "told twice";
    stored_when_told = stored_result().has_value();
    log_when_told = log();
    result = finished;
  }

  boost::asio::io_context io;
  TaskRequest request;
  HostSettings settings;
  std::unique_ptr<TaskProcess> task;
  pid_t host_pid = 0;
  ChildReaper* children = nullptr;

  std::int64_t started_pid = 0;
  std::vector<std::string> lines, progress, app_ids, hung;
  std::optional<TaskResult> result;
  bool stored_when_told = false;
  std::string log_when_told;

 private:
  bool has_cookie(pid_t pid) const {
    const auto environment = read_file("/proc/" + std::to_string(pid) + "/environ", 1U << 22U);
    const std::string cookie =
        "PORPOISE_TASK_ID=" + std::to_string(request.task_instance_id) + "." + std::to_string(host_pid) + ".";
    return environment && environment->find(cookie) != std::string::npos;
  }

  std::filesystem::path folder_;
};

}  // namespace porpoise
