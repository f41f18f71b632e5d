#include "taskhost/task_environment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "model/host_protocol.h"

namespace porpoise {
namespace {

// systemd.exec(5), "Environment Variables Set or Propagated by the Service Manager": its lines to the daemon. And
// ld.so(8): code for one process that all of a task would have in it.
constexpr std::string_view kNames[] = {
    "NOTIFY_SOCKET",         "WATCHDOG_USEC",         "WATCHDOG_PID",   "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
    "CREDENTIALS_DIRECTORY", "INVOCATION_ID",         "JOURNAL_STREAM", "MAINPID",    "MANAGERPID", "SYSTEMD_EXEC_PID",
    "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "LD_PRELOAD",     "LD_AUDIT"};
// Settings of this worker, and of the Java worker whose place it takes: the password of a database is often among them.
constexpr std::string_view kPrefixes[] = {"PORPOISE_", "SPRING_", "REGISTRY_"};

bool is_the_daemons(std::string_view name) {
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames) ||
         std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace

void forget_the_daemons() {
  std::vector<std::string> names;
  for (char* const* entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    if (is_the_daemons(name)) names.emplace_back(name);
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());
}

void forget_oom_score() {
  const UniqueFd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) (void)!::write(score.get(), "0", 1);
}

void mark_as_task(const std::string& cookie) {
  ::setenv(std::string(kCookieVariable).c_str(), cookie.c_str(), 1);
  ::setenv("PYTHONUNBUFFERED", "1", 0);  // Python keeps output back when it goes to a pipe
}

}  // namespace porpoise
