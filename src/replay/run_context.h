// What all parts of one replay share: its settings, and what there is once per replay.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "progress/status.h"
#include "replay/attempt.h"
#include "replay/run_directory.h"
#include "replay/slots.h"
#include "workflow/workflow.h"

namespace porpoise {

// How a task type is run.
struct TaskPlugin {
  std::filesystem::path file;
  Json config = Json::object();
};

struct RunSettings {
  std::vector<Workflow> workflows;            // all of the file: a SUB_PROCESS finds its definition here
  std::map<std::string, TaskPlugin> plugins;  // by task type
  FailureStrategy failure_strategy = FailureStrategy::kContinue;
  std::size_t parallel = 1;
  double time_scale = 1;  // of delays, retry intervals and timeouts
  std::chrono::milliseconds kill_grace{10000};
  std::string environment_config;   // shell lines in front of each script
  std::string env_file;             // sourced when there are none
  std::filesystem::path resources;  // in place of the resource centre; empty: there is none
  bool dry_run = false;
  bool keep_work = false;

  // A duration of the definition in the time of this replay; what is not zero stays so.
  std::chrono::milliseconds scaled(std::chrono::minutes duration) const {
    if (duration.count() <= 0) return std::chrono::milliseconds(0);
    const double millis = static_cast<double>(std::chrono::milliseconds(duration).count()) * time_scale;
    return std::chrono::milliseconds(static_cast<std::int64_t>(millis) + 1);
  }
};

// Owned by the Runner, one thread.
struct RunContext {
  boost::asio::io_context& io;
  const RunSettings& settings;
  const RunDirectory& directory;
  StatusPrinter& status;
  HostStarter start_host;
  Slots slots;
  std::chrono::steady_clock::time_point started_at;
  std::int64_t next_task_instance = 1;
  std::int64_t next_process_instance = 1;

  StatusPrinter::Elapsed elapsed() const {
    return std::chrono::duration_cast<StatusPrinter::Elapsed>(std::chrono::steady_clock::now() - started_at);
  }
};

// Epoch milliseconds.
inline std::int64_t wall_clock_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace porpoise
