#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "executor/task_process.h"

namespace porpoise {

std::filesystem::path find_host_binary() {
  if (const char* const chosen = std::getenv("PORPOISE_HOST"); chosen != nullptr && *chosen != '\0') return chosen;
  std::error_code ignored;
  const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path();
  for (const auto& candidate : {folder / "porpoise-host", folder / "../libexec/porpoise/porpoise-host"})
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  return {};
}

}  // namespace porpoise
