#include "config/setting_value.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "base/network_address.h"
#include "config/worker_config.h"

namespace porpoise::kind {
namespace {

constexpr std::size_t kMaxSettingBytes = 4096;  // of one value; no path may be longer, and nothing else is

bool is_printable(std::string_view text) {
  return text.size() <= kMaxSettingBytes && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
         });
}

bool is_word(std::string_view text) { return is_printable(text) && text.find(' ') == std::string_view::npos; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

template <typename Number>
bool read_number(std::string_view text, Number& value) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_address(std::string_view text, long lowest_port) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && text.size() <= kMaxSettingBytes && read_host(text.substr(0, colon)) &&
         read_port(text.substr(colon + 1), lowest_port);
}

// "a/b": no empty, '.' or '..' part, which neither ZooKeeper nor a file system would take as it is written.
bool is_clean_path(std::string_view text) {
  while (true) {
    const std::size_t slash = text.find('/');
    const std::string_view part = text.substr(0, slash);
    if (part.empty() || part == "." || part == "..") return false;
    if (slash == std::string_view::npos) return true;
    text.remove_prefix(slash + 1);
  }
}

bool take(bool accepted, std::string_view text, std::string& value) {
  if (accepted) value = text;
  return accepted;
}

// Hours of "GMT+8", "UTC+08:00" or "+0800"; what Java calls a custom zone id.
std::optional<int> hours_from_gmt(std::string_view text) {
  if (text.starts_with("GMT") || text.starts_with("UTC")) text.remove_prefix(3);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '+' ? 1 : -1;
  text.remove_prefix(1);
  if (text.size() > 3 && text.ends_with("00")) text.remove_suffix(text.ends_with(":00") ? 3 : 2);
  int hours = 0;
  if (text.size() > 2 || text.empty() || !read_number(text, hours) || hours < 0) return std::nullopt;
  return sign * hours;
}

}  // namespace

bool read_host(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
  });
}

bool read_port(std::string_view text, long lowest) {
  long port = 0;
  return !text.empty() && text[0] != '+' && read_number(text, port) && port >= lowest && port <= 65535;
}

bool read_whole(std::string_view text, int lowest, int highest, int& value) {
  int number = 0;
  if (!read_number(text, number) || number < lowest || number > highest) return false;
  value = number;
  return true;
}

bool read_decimal(std::string_view text, double lowest, double highest, double& value) {
  double number = 0;
  if (!read_number(text, number) || !(number >= lowest && number <= highest)) return false;  // NaN is neither
  value = number;
  return true;
}

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}}};

// Spring Boot's simple form of a Duration: a number and a unit, milliseconds when there is none.
bool read_duration(std::string_view text, std::chrono::milliseconds& value) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::int64_t number = 0;
  if (digits == 0 || digits > 12 || !read_number(text.substr(0, digits), number)) return false;
  const std::string unit = digits == text.size() ? "ms" : lower(text.substr(digits));
  for (const auto& [name, milliseconds] : kUnits) {
    if (unit != name) continue;
    value = std::chrono::milliseconds(number * milliseconds);
    return true;
  }
  return false;
}

std::string write_duration(std::chrono::milliseconds value) {
  auto unit = kUnits.rbegin();
  if (value.count() == 0) return "0s";
  while (value.count() % unit->second != 0) ++unit;
  return std::to_string(value.count() / unit->second) + std::string(unit->first);
}

namespace {

constexpr std::pair<std::string_view, unsigned> kSizeUnits[] = {
    {"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};

}  // namespace

bool read_size(std::string_view text, std::uint64_t& value) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  std::int64_t number = 0;
  if (digits == 0 || digits > 12 || !read_number(text.substr(0, digits), number)) return false;
  for (const auto& [name, shift] : kSizeUnits) {
    if (!same_word(text.substr(digits), name)) continue;
    if (number > (std::numeric_limits<std::int64_t>::max() >> shift)) return false;
    value = static_cast<std::uint64_t>(number) << shift;
    return true;
  }
  return false;
}

std::string write_size(std::uint64_t value) {
  std::size_t unit = 0;
  while (value != 0 && value % 1024 == 0 && unit + 1 < std::size(kSizeUnits)) {
    value /= 1024;
    ++unit;
  }
  return std::to_string(value) + std::string(kSizeUnits[unit].first);
}

std::string write_decimal(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

bool Word::read(std::string_view text, std::string& value) { return take(is_word(text), text, value); }

bool Boolean::read(std::string_view text, bool& value) {
  const std::string word = lower(text);
  const bool yes = word == "true" || word == "yes" || word == "on";  // as YAML 1.1 and Spring take them
  if (!yes && word != "false" && word != "no" && word != "off") return false;
  value = yes;
  return true;
}

bool same_word(std::string_view left, std::string_view right) { return lower(left) == lower(right); }

bool LogLevel::read(std::string_view text, std::string& value) {
  for (const char* const level : {"trace", "debug", "info", "warn", "error"})
    if (same_word(text, level)) return take(true, level, value);
  return false;
}

bool ListenAddress::read(std::string_view text, std::string& value) { return take(read_address(text, 0), text, value); }

bool OptionalListenAddress::read(std::string_view text, std::string& value) {
  if (text.empty() || text == "none") return take(true, "", value);
  return ListenAddress::read(text, value);
}

bool PeerAddress::read(std::string_view text, std::string& value) { return take(read_address(text, 1), text, value); }

bool OptionalPeerAddress::read(std::string_view text, std::string& value) {
  return take(text.empty() || read_address(text, 1), text, value);
}

bool ConnectString::read(std::string_view text, std::string& value) {
  if (text.size() > kMaxSettingBytes || !is_word(text)) return false;
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view folder = text.substr(slash);
  if (folder.size() > 1 && !is_clean_path(folder.substr(1))) return false;
  std::string result;
  for (std::string_view rest = text.substr(0, slash);;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string server(rest.substr(0, comma));
    if (read_host(server)) server += ":2181";
    if (!read_address(server, 1)) return false;
    result += (result.empty() ? "" : ",") + server;
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  if (folder.size() > 1) result += folder;
  return take(true, result, value);
}

bool Namespace::read(std::string_view text, std::string& value) {
  return take(is_word(text) && is_clean_path(text), text, value);
}

bool Digest::read(std::string_view text, std::string& value) {
  const std::size_t colon = text.find(':');
  return take(text.empty() || (is_printable(text) && colon != std::string_view::npos && colon > 0), text, value);
}

bool Path::read(std::string_view text, std::filesystem::path& value) {
  return !text.empty() && OptionalPath::read(text, value);
}

bool Ranges::read(std::string_view text, std::string& value) {
  return take(AddressRanges::parse(text).has_value(), text, value);
}

bool Tenants::read(std::string_view text, std::string& value) {
  return take(text.size() <= kMaxSettingBytes && TenantMap::parse(text).has_value(), text, value);
}

bool OptionalPath::read(std::string_view text, std::filesystem::path& value) {
  if (!is_printable(text)) return false;
  value = text;
  return true;
}

bool TimeZoneId::read(std::string_view text, std::string& value) {
  constexpr int kWest = 12, kEast = 14;  // what the zone database has under Etc
  if (const auto hours = hours_from_gmt(text)) {
    if (*hours < -kWest || *hours > kEast) return false;
    // POSIX counts westwards: Etc/GMT-8 is eight hours ahead of Greenwich.
    return take(true,
                *hours == 0
                    ? "UTC"
                    : "Etc/GMT" + std::string(*hours > 0 ? "-" : "+") + std::to_string(*hours > 0 ? *hours : -*hours),
                value);
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' || c == '-' || c == '+';
  });
  return take(text.empty() || (plain && text.size() <= 64 && is_clean_path(text)), text, value);
}

bool BasePath::read(std::string_view text, std::string& value) {
  if (!is_printable(text) || text.empty() || text[0] != '/') return false;
  while (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
  return take(text == "/" || is_clean_path(text.substr(1)), text, value);
}

bool ResourceUrl::read(std::string_view text, std::string& value) {
  if (text.empty()) return take(true, text, value);
  const std::size_t scheme = text.starts_with("http://") ? 7 : text.starts_with("https://") ? 8 : 0;
  const bool is_web = scheme > 0 && text.size() > scheme && text[scheme] != '/';
  return take(is_printable(text) && (is_web || text.starts_with("file:///")), text, value);
}

}  // namespace porpoise::kind
