#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "launcher/task_process.h"

namespace porpoise {
namespace {

std::filesystem::path executable_folder() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
}

}  // namespace

std::filesystem::path find_host_binary() {
  if (const char* const chosen = std::getenv("PORPOISE_HOST"); chosen != nullptr && *chosen != '\0') return chosen;
  const std::filesystem::path folder = executable_folder();
  for (const auto& candidate : {folder / "porpoise-host", folder / "../libexec/porpoise/porpoise-host"})
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  return {};
}

Result<std::filesystem::path> usable_host_binary() {
  std::filesystem::path host = find_host_binary();
  if (!host.empty() && ::access(host.c_str(), X_OK) == 0) return host;
  if (host.empty()) host = executable_folder() / "porpoise-host";
  return fail(ErrorCode::kNotFound,
              "no task host at " + host.string() + "; set PORPOISE_HOST to the program porpoise-host");
}

}  // namespace porpoise
