#include "cli/settings_reload.h"

#include <csignal>
#include <string>
#include <utility>
#include <vector>

namespace porpoise {
namespace {

constexpr std::chrono::milliseconds kDeadline{5000};
constexpr const char* const kKept = "; the worker keeps the configuration that it has";

// The keys that a running worker takes over, from `found`; all others as they are.
void take_keys(const std::vector<SettingChange>& changes, const WorkerConfig& found, WorkerConfig& config) {
  for (const SettingChange& change : changes)
    if (const Setting* const setting = find_setting(change.key); setting != nullptr && change.at_run_time)
      (void)setting->value.parse(setting->value.format(found), config);
}

}  // namespace

void ignore_hangup() { std::signal(SIGHUP, SIG_IGN); }

SettingsReload::SettingsReload(boost::asio::io_context& io, ResolvedSettings current, Read read, TakeOver take_over,
                               Log& log)
    : current_(std::move(current)),
      read_(std::move(read)),
      take_over_(std::move(take_over)),
      log_(log),
      signals_(io, SIGHUP),
      calls_(io, {.threads = 1, .max_hung = 1}) {
  wait();
}

void SettingsReload::wait() {
  signals_.async_wait([this](const boost::system::error_code& problem, int) {
    if (problem) return;
    read_again();
    wait();
  });
}

void SettingsReload::read_again() {
  log_.info("SIGHUP: reads the configuration again");
  calls_.call("reading the configuration", kDeadline, read_,
              [this](const Result<ResolvedSettings>& found) { compare(found); });
}

void SettingsReload::compare(const Result<ResolvedSettings>& found) {
  if (!found) return log_.error("SIGHUP: " + found.error().to_string() + kKept);
  const std::vector<SettingChange> changes = changes_between(current_, *found);
  WorkerConfig next = current_.config;
  take_keys(changes, found->config, next);
  if (const Status taken = take_over_(next); !taken) return log_.error("SIGHUP: " + taken.error().to_string() + kKept);
  current_.config = std::move(next);
  say(changes);
}

// As warnings, which a log that tells less than before, or less than from now on, has as well.
void SettingsReload::say(const std::vector<SettingChange>& changes) {
  if (changes.empty()) log_.info("SIGHUP: nothing has changed");
  for (const SettingChange& change : changes) {
    if (change.at_run_time)
      log_.warn("SIGHUP: in force from now on", {{"key", change.key}, {"was", change.before}, {"is", change.after}});
    else
      log_.warn("SIGHUP: a restart of the worker takes this over; its tasks run on meanwhile",
                {{"key", change.key}, {"is", change.before}, {"will_be", change.after}});
  }
}

}  // namespace porpoise
