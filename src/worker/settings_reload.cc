#include "worker/settings_reload.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace porpoise {
namespace {

constexpr std::chrono::milliseconds kReadingDeadline = kEnvScriptLimit + std::chrono::seconds(5);
constexpr const char* const kKept = "; the worker keeps the configuration that it has";

// The keys that a running worker takes over, from `found`; all others as they are.
void take_keys(const std::vector<SettingChange>& changes, const WorkerConfig& found, WorkerConfig& config) {
  for (const SettingChange& change : changes)
    if (const Setting* const setting = find_setting(change.key); setting != nullptr && change.at_run_time)
      (void)setting->value.parse(setting->value.format(found), config);
}

// A file that gave keys and gives none any more, as one does that an editor or a full disk has cut. Empty: there is
// none.
std::string file_without_keys(const ResolvedSettings& before, const ResolvedSettings& after) {
  const auto gives_keys = [](const ResolvedSettings& settings, const std::string& file) {
    return std::any_of(settings.settings.begin(), settings.settings.end(),
                       [&](const ResolvedSetting& one) { return one.origin.starts_with(file + " line "); });
  };
  for (const std::filesystem::path& file : before.files)
    if (gives_keys(before, file.string()) && !gives_keys(after, file.string())) return file.string();
  return {};
}

int talkativeness(std::string_view level) {
  constexpr std::string_view kLevels[] = {"error", "warn", "info", "debug"};
  return static_cast<int>(std::find(std::begin(kLevels), std::end(kLevels), level) - std::begin(kLevels));
}

}  // namespace

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
  calls_.call("reading the configuration", kReadingDeadline, read_,
              [this](const Result<ResolvedSettings>& found) { compare(found); });
}

void SettingsReload::compare(const Result<ResolvedSettings>& found) {
  if (!found) return log_.error("SIGHUP: " + found.error().to_string() + kKept);
  const std::vector<SettingChange> changes = changes_between(current_, *found);
  if (const std::string lost = file_without_keys(current_, *found); !lost.empty())
    return log_.error("SIGHUP: " + lost + " set keys before and sets none now: it may be half written" + kKept);
  WorkerConfig next = current_.config;
  take_keys(changes, found->config, next);
  const bool quieter = talkativeness(next.log_level) < talkativeness(current_.config.log_level);
  if (quieter) say(changes);
  if (const Status taken = take_over_(next); !taken) return log_.error("SIGHUP: " + taken.error().to_string() + kKept);
  if (!quieter) say(changes);
  current_.settings = found->settings;
  current_.files = found->files;
  current_.config = std::move(next);
}

void SettingsReload::say(const std::vector<SettingChange>& changes) {
  if (changes.empty()) log_.info("SIGHUP: nothing has changed");
  for (const SettingChange& change : changes) {
    if (change.at_run_time)
      log_.info("SIGHUP: in force from now on", {{"key", change.key}, {"was", change.before}, {"is", change.after}});
    else
      log_.warn("SIGHUP: a restart of the worker takes this over; its tasks run on meanwhile",
                {{"key", change.key}, {"is", change.before}, {"will_be", change.after}});
  }
}

}  // namespace porpoise
