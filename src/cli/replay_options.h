// The options of `porpoise replay`, as typed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace porpoise {

struct ReplayOptions {
  std::filesystem::path file;
  std::string workflow;
  // What runs.
  std::string task;
  std::string from;
  bool dry_run = false;
  bool list = false;
  std::vector<std::string> relink;
  // With what.
  std::vector<std::string> set;
  std::string schedule_time;
  std::filesystem::path env_file;
  std::filesystem::path python;
  std::filesystem::path resources;
  std::filesystem::path config;
  std::vector<std::filesystem::path> plugin_dirs;
  std::string compat;
  // How.
  std::size_t parallel = 0;  // 0: as many as there are cores
  std::string failure_strategy;
  double time_scale = 1;
  double kill_grace_seconds = 10;
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

void declare_replay_options(CLI::App& command, ReplayOptions& options);

}  // namespace porpoise
