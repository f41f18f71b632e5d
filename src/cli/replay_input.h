// From options to what is to be run: reads the file, mends and checks it, resolves parameters. Nothing has run yet, and
// every error here is one of usage or of a file.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/replay_options.h"
#include "config/config.h"
#include "plugin/catalog.h"
#include "replay/preflight.h"
#include "replay/task_run.h"
#include "workflow/workflow.h"

namespace porpoise {

struct ReplayInput {
  std::string text;  // of the file
  std::vector<Workflow> workflows;
  std::size_t chosen = 0;
  std::optional<std::set<std::int64_t>> only;
  Config config;
  ExpandTime time;
  ParameterValues overrides;
  std::vector<std::string> notes;  // what was mended

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
