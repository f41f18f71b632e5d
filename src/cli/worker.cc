#include <malloc.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/exhaustion.h"
#include "cli/commands.h"
#include "config/settings_table.h"
#include "config/worker_settings.h"
#include "observe/log.h"
#include "process/confinement.h"
#include "worker/daemon.h"

namespace porpoise {
namespace {

void hide(const std::string& variable) {
  char* const value = std::getenv(variable.c_str());
  if (value == nullptr) return;
  std::memset(value, '*', std::strlen(value));  // /proc/<pid>/environ shows this memory
  ::unsetenv(variable.c_str());
}

// As at the start: a file that another user can change decides nothing.
Result<ResolvedSettings> read_trusted(const WorkerFlags& flags, const Variables& variables) {
  PORPOISE_TRY(ResolvedSettings resolved, resolve_worker_flags(flags, variables));
  const FileTrust trust = judge_files(resolved);
  if (!trust.distrusted.empty()) return fail(ErrorCode::kDenied, trust.distrusted.front());
  return resolved;
}

// A message of a few MiB goes back to the system when it is done with. By itself, glibc takes the first large block
// that is freed as a sign that more will come, and keeps up to 64 MiB for them. Nor does each thread need a heap of its
// own, which takes 64 MiB of address space, and a worker may have a limit of that.
void keep_no_large_blocks() {
  constexpr int kLarge = 256 * 1024;  // bytes
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, 4 * kLarge);
}

Status run_daemon(DaemonOptions options) {
  PORPOISE_TRY(Daemon daemon, Daemon::open(std::move(options)));
  daemon.run();
  return {};
}

}  // namespace

Variables process_environment() {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t end = text.find('=');
    if (end != std::string_view::npos) variables.try_emplace(std::string(text.substr(0, end)), text.substr(end + 1));
  }
  return variables;
}

Result<ResolvedSettings> resolve_worker_flags(const WorkerFlags& flags, Variables variables) {
  PORPOISE_TRY(const SettingsSources sources,
               read_settings_sources(flags.config, flags.ds_conf, std::move(variables), flags.values));
  return resolve_settings(sources);
}

void hide_secrets() {
  for (const Setting& setting : worker_settings()) {
    if (!setting.secret) continue;
    hide(variable_of(setting));
    for (const DsKey& key : setting.application)
      for (const std::string& variable : ds_variables_of(key.path)) hide(variable);
  }
}

int run_worker(const WorkerFlags& flags) {
  keep_no_large_blocks();
  close_to_others();                                  // before there is a secret in here
  const Variables variables = process_environment();  // a later reading wants the secrets, too
  const auto resolved = resolve_worker_flags(flags, variables);
  if (!resolved) return print_error(resolved.error(), kExitUsage);
  hide_secrets();
  for (const std::string& ignored : resolved->ignored) print_error("without effect: " + ignored, 0);
  const FileTrust trust = judge_files(*resolved);
  for (const std::string& exposed : trust.exposed) print_error(exposed, 0);
  if (!trust.distrusted.empty()) return print_error(trust.distrusted.front(), kExitUsage);
  const WorkerConfig& config = resolved->config;
  const Status ended = caught("cannot start or go on", [&] {
    return run_daemon(
        {*resolved, [flags, variables] { return read_trusted(flags, variables); }, variables, plugin_folders(config)});
  });
  if (ended) return kExitOk;
  return print_error(Redactor(secrets_of(config)).apply(ended.error().to_string()), kExitEnvironment);
}

}  // namespace porpoise
