#include "base/clock.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace porpoise {
namespace {

bool is_zone_name(const std::string& id) {
  if (id.front() == '/' || id.find("..") != std::string::npos) return false;
  const char* const folder = std::getenv("TZDIR");
  const std::filesystem::path zones = folder != nullptr ? folder : "/usr/share/zoneinfo";
  std::error_code ignored;
  return std::filesystem::is_regular_file(zones / id, ignored);
}

std::chrono::seconds offset_of_process(std::int64_t epoch_seconds) {
  const std::time_t moment = epoch_seconds;
  std::tm local{};
  return std::chrono::seconds(::localtime_r(&moment, &local) == nullptr ? 0 : local.tm_gmtoff);
}

}  // namespace

TimeZone utc() {
  return {"UTC", [](std::int64_t) { return std::chrono::seconds(0); }};
}

TimeZone system_time_zone() {
  ::tzset();  // localtime_r alone need not look at TZ
  const char* const name = std::getenv("TZ");
  return {name != nullptr ? name : "", &offset_of_process};
}

Status use_time_zone(const std::string& id) {
  if (id.empty()) return {};
  // UTC needs no zone files, which small systems lack.
  if (id != "UTC" && !is_zone_name(id))
    return fail(ErrorCode::kNotFound,
                "unknown time zone \"" + id + "\"; give an IANA name such as Asia/Shanghai or UTC");
  if (::setenv("TZ", id.c_str(), 1) != 0) return fail(ErrorCode::kInternal, "cannot set TZ to \"" + id + "\"");
  ::tzset();
  return {};
}

}  // namespace porpoise
