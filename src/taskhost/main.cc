// porpoise-host: does the one task whose request lies in STATE_DIR. Started by porpoise, not by people.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "process/confinement.h"
#include "taskhost/sudo_helper.h"
#include "taskhost/supervisor.h"
#include "taskhost/task_environment.h"

namespace {

constexpr const char* kUsage =
    "usage: porpoise-host STATE_DIR [--control-fd N] [--die-with-requester] [--follow] [--lease FILE] [--sealed]\n"
    "Runs the task in STATE_DIR/request.json, writes STATE_DIR/result.json and exits with the task's exit code\n"
    "(1: it failed without one; 125: there is no result, and the reason is on standard error).\n";

bool parse(int argc, char** argv, porpoise::HostOptions& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--die-with-requester") {
      options.die_with_requester = true;
    } else if (word == "--follow") {
      options.follow = true;
    } else if (word == "--sealed") {
      options.sealed = true;
    } else if (word == "--lease" && i + 1 < argc) {
      options.lease = argv[++i];
    } else if (word == "--control-fd" && i + 1 < argc) {
      const char* const number = argv[++i];
      const auto [end, problem] = std::from_chars(number, number + std::strlen(number), options.control_fd);
      if (problem != std::errc() || *end != '\0' || options.control_fd < 0) return false;
    } else if (word.starts_with("-") || !options.state_dir.empty()) {
      return false;
    } else {
      options.state_dir = word;
    }
  }
  return !options.state_dir.empty();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--as-tenant")
    ::_exit(porpoise::run_sudo_helper({argv + 2, static_cast<std::size_t>(argc - 2)}));
  porpoise::forget_oom_score();
  porpoise::close_to_others();
  porpoise::HostOptions options;
  std::error_code ignored;
  options.self = std::filesystem::absolute(argv[0], ignored);
  // The kernel takes memory back faster than destructors do, and each task pays for that.
  if (parse(argc, argv, options)) ::_exit(porpoise::run_host(options));
  std::fputs(kUsage, stderr);
  return 2;
}
