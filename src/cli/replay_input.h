// From options to what is to be run: reads the file, mends and checks it, resolves parameters. Nothing has run yet, and
// every error here is one of usage or of a file.
//
// Values and free functions; main thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "plugin/catalog.h"
#include "replay/preflight.h"
#include "replay/task_run.h"
#include "workflow/workflow.h"

namespace CLI {
class App;
}

namespace porpoise {

// The options of `porpoise replay`, as typed.
struct ReplayOptions {
  std::filesystem::path file;
  std::string workflow;
  // What runs.
  std::string task;
  std::string from;
  bool dry_run = false;
  bool list = false;
  std::vector<std::string> relink;
  std::vector<std::string> skip;
  std::vector<std::string> assume;
  // With what.
  std::vector<std::string> set;
  std::string schedule_time;
  std::filesystem::path env_file;
  std::filesystem::path python;
  std::filesystem::path resources;
  std::vector<std::string> resource;
  std::filesystem::path config;
  std::vector<std::filesystem::path> plugin_dirs;
  std::string compat;
  // How.
  std::size_t parallel = 0;  // 0: as many as there are cores
  std::string failure_strategy;
  double time_scale = 1;
  double kill_grace_seconds = 10;
  std::string leftovers = "end";
  std::filesystem::path run_dir;
  bool keep_work = false;
  // Sandbox.
  bool sandbox = false;
  int sandbox_port = 0;
  std::filesystem::path sandbox_dir;
  // Output.
  std::filesystem::path summary;
  bool json = false;
  bool quiet = false;
  bool no_color = false;
};

void declare_replay_options(CLI::App& command, ReplayOptions& options);  // in replay_options.cc

// What is to be run.
struct ReplayInput {
  std::string text;  // of the file
  std::vector<Workflow> workflows;
  std::size_t chosen = 0;
  std::optional<std::set<std::int64_t>> only;
  Config config;
  ExpandTime time;
  ParameterValues overrides;
  std::string stale;               // with --list: what is wrong with the branches, which a run would refuse
  std::vector<std::string> notes;  // what was read in another way than it is written, and what was mended

  const Workflow& workflow() const { return workflows[chosen]; }
  RunPlan plan() const { return {workflows, workflow(), only}; }
};

Result<ReplayInput> read_replay_input(const ReplayOptions& options);

// "<file> cannot be replayed:" and the problems, one per line: each has its own position.
Error in_file(const std::filesystem::path& file, const Error& problems);

// `catalog` must have every type the plan needs (see check_before_run). `python`: absolute, or empty.
RunSettings make_run_settings(const ReplayOptions& options, const ReplayInput& input, const Catalog& catalog,
                              const std::filesystem::path& python);

// Where logs go when --run-dir does not say: a new folder below the user's state folder.
Result<std::filesystem::path> default_run_directory(const ReplayInput& input);

// "20260131", "20260131-120000": a time in the zone of the run.
std::string time_text(const ExpandTime& time, const char* pattern);

}  // namespace porpoise
