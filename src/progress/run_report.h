// What became of a run: the values behind the table, the summary file and the events. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/property.h"
#include "workflow/graph.h"

namespace porpoise {

struct TaskReport {
  std::int64_t instance_id = 0;  // 0: no instance, the task did not come to run
  std::string name;              // inside a SUB_PROCESS "parent/child"
  std::string type;
  bool nested = false;  // part of a SUB_PROCESS
  NodeState state = NodeState::kWaiting;
  std::string message;  // why it failed, was skipped or did not run
  int exit_code = -1;
  int attempts = 0;
  std::chrono::milliseconds wait{0};  // from ready to its first start
  std::chrono::milliseconds run{0};   // of all attempts
  PropertyList var_pool;
  std::filesystem::path log;

  bool failed() const { return state == NodeState::kFailure || state == NodeState::kKill; }
};

struct RunReport {
  std::string workflow;
  RunState state = RunState::kRunning;
  bool interrupted = false;
  std::chrono::milliseconds duration{0};
  std::filesystem::path run_directory;
  std::vector<TaskReport> tasks;  // in the order of the file, those of a SUB_PROCESS behind it
};

}  // namespace porpoise
