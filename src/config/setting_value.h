// What a key accepts: how its text becomes a member of WorkerConfig, and how that member is shown again.
//
// Pure. A SettingValue is made at compile time from a kind and the way to the member; settings_table.cc has one per
// key.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "config/worker_config.h"

namespace porpoise {

struct SettingValue {
  std::string (*accepted)();   // "a whole number from 1 to 10000"
  std::string (*type_name)();  // "N", for --help
  // False, and the configuration is untouched, when `text` is not accepted.
  bool (*parse)(std::string_view text, WorkerConfig& config);
  // In the form parse takes: "10s" for 10000 milliseconds.
  std::string (*format)(const WorkerConfig& config);
  bool is_boolean = false;
};

// A kind has `bool read(text, value)`, `std::string write(value)`, and says what it accepts.
namespace kind {

bool read_port(std::string_view text, long lowest);             // a port from `lowest` to 65535
bool read_host(std::string_view text);                          // a name or an IPv4 address
bool same_word(std::string_view left, std::string_view right);  // except for upper and lower case
bool read_whole(std::string_view text, int lowest, int highest, int& value);
bool read_decimal(std::string_view text, double lowest, double highest, double& value);
bool read_duration(std::string_view text, std::chrono::milliseconds& value);
bool read_size(std::string_view text, std::uint64_t& value);
std::string write_decimal(double value);
std::string write_duration(std::chrono::milliseconds value);
std::string write_size(std::uint64_t value);

struct Plain {  // strings are their own text
  static std::string write(const std::string& value) { return value; }
};

struct Word : Plain {  // no blanks, no control characters
  static std::string accepted() { return "a word without blanks"; }
  static std::string type_name() { return "TEXT"; }
  static bool read(std::string_view text, std::string& value);
};

struct Boolean {
  static std::string accepted() { return "true or false"; }
  static std::string type_name() { return "BOOL"; }
  static bool read(std::string_view text, bool& value);
  static std::string write(bool value) { return value ? "true" : "false"; }
};

template <int Lowest, int Highest>
struct Whole {
  static std::string accepted() {
    return "a whole number from " + std::to_string(Lowest) + " to " + std::to_string(Highest);
  }
  static std::string type_name() { return "N"; }
  static bool read(std::string_view text, int& value) { return read_whole(text, Lowest, Highest, value); }
  static std::string write(int value) { return std::to_string(value); }
};

template <int Lowest, int Highest>
struct Decimal {
  static std::string accepted() { return "a number from " + std::to_string(Lowest) + " to " + std::to_string(Highest); }
  static std::string type_name() { return "X"; }
  static bool read(std::string_view text, double& value) { return read_decimal(text, Lowest, Highest, value); }
  static std::string write(double value) { return write_decimal(value); }
};

// In seconds, from Lowest to Highest.
template <int Lowest, int Highest>
struct Duration {
  using Value = std::chrono::milliseconds;
  static std::string accepted() {
    return "a duration from " + write_duration(std::chrono::seconds(Lowest)) + " to " +
           write_duration(std::chrono::seconds(Highest)) + ", such as 10s, 600ms or 2m (a bare number is milliseconds)";
  }
  static std::string type_name() { return "TIME"; }
  static bool read(std::string_view text, Value& value) {
    Value read{};
    if (!read_duration(text, read)) return false;
    if (read < std::chrono::seconds(Lowest) || read > std::chrono::seconds(Highest)) return false;
    value = read;
    return true;
  }
  static std::string write(Value value) { return write_duration(value); }
};

// In bytes.
struct Size {
  static std::string accepted() { return "a size such as 512MiB or 4GiB (a bare number is bytes)"; }
  static std::string type_name() { return "SIZE"; }
  static bool read(std::string_view text, std::uint64_t& value) { return read_size(text, value); }
  static std::string write(std::uint64_t value) { return write_size(value); }
};

// One of the words of Enum, in any case: kWords is an array of {word, value}.
template <typename Enum>
struct Words;
template <typename Enum, std::size_t Count>
using WordArray = std::array<std::pair<std::string_view, Enum>, Count>;
template <>
struct Words<FullPolicy> {
  static constexpr WordArray<FullPolicy, 2> kWords{
      {{"reject", FullPolicy::kReject}, {"continue", FullPolicy::kContinue}}};
};
template <>
struct Words<ExpiryPolicy> {
  static constexpr WordArray<ExpiryPolicy, 2> kWords{{{"kill", ExpiryPolicy::kKill}, {"keep", ExpiryPolicy::kKeep}}};
};
template <>
struct Words<LeftoverPolicy> {
  static constexpr WordArray<LeftoverPolicy, 2> kWords{
      {{"end", LeftoverPolicy::kEnd}, {"keep", LeftoverPolicy::kKeep}}};
};
template <>
struct Words<RootTenant> {
  static constexpr WordArray<RootTenant, 3> kWords{
      {{"loopback", RootTenant::kLoopback}, {"true", RootTenant::kAllowed}, {"false", RootTenant::kRefused}}};
};
template <>
struct Words<LogFormat> {
  static constexpr WordArray<LogFormat, 2> kWords{{{"text", LogFormat::kText}, {"json", LogFormat::kJson}}};
};
template <>
struct Words<StorageType> {
  static constexpr WordArray<StorageType, 4> kWords{{{"none", StorageType::kNone},
                                                     {"file", StorageType::kFile},
                                                     {"s3", StorageType::kS3},
                                                     {"webhdfs", StorageType::kWebHdfs}}};
};

template <typename Enum>
struct Choice {
  static std::string accepted() {
    std::string text = "one of";
    for (const auto& [word, value] : Words<Enum>::kWords) text += (text == "one of" ? " " : ", ") + std::string(word);
    return text;
  }
  static std::string type_name() {
    std::string text;
    for (const auto& [word, value] : Words<Enum>::kWords) text += (text.empty() ? "" : "|") + std::string(word);
    return text;
  }
  static bool read(std::string_view text, Enum& value) {
    for (const auto& [word, meant] : Words<Enum>::kWords) {
      if (!same_word(text, word)) continue;
      value = meant;
      return true;
    }
    return false;
  }
  static std::string write(Enum value) {
    for (const auto& [word, meant] : Words<Enum>::kWords)
      if (meant == value) return std::string(word);
    return {};
  }
};

struct LogLevel : Plain {
  static std::string accepted() { return "one of trace, debug, info, warn, error"; }
  static std::string type_name() { return "trace|debug|info|warn|error"; }
  static bool read(std::string_view text, std::string& value);
};

struct ListenAddress : Plain {  // port 0: any free one
  static std::string accepted() { return "HOST:PORT with one colon and a port from 0 to 65535"; }
  static std::string type_name() { return "HOST:PORT"; }
  static bool read(std::string_view text, std::string& value);
};
struct OptionalListenAddress : Plain {
  static std::string accepted() { return ListenAddress::accepted() + ", or none"; }
  static std::string type_name() { return "HOST:PORT"; }
  static bool read(std::string_view text, std::string& value);
  static std::string write(const std::string& value) { return value.empty() ? "none" : value; }
};
struct PeerAddress : Plain {
  static std::string accepted() { return "HOST:PORT with one colon and a port from 1 to 65535"; }
  static std::string type_name() { return "HOST:PORT"; }
  static bool read(std::string_view text, std::string& value);
};
struct OptionalPeerAddress : Plain {
  static std::string accepted() { return PeerAddress::accepted() + ", or nothing"; }
  static std::string type_name() { return "HOST:PORT"; }
  static bool read(std::string_view text, std::string& value);
};
struct Ranges : Plain {
  static std::string accepted() { return "any, none, or addresses and ranges such as 10.0.0.7,192.168.0.0/16"; }
  static std::string type_name() { return "RANGE,..."; }
  static bool read(std::string_view text, std::string& value);
};

struct Tenants : Plain {  // TenantMap in worker_config.h
  static std::string accepted() { return "TENANT or TENANT=USER, several with commas, and perhaps * for the others"; }
  static std::string type_name() { return "TENANT=USER,..."; }
  static bool read(std::string_view text, std::string& value);
};

struct ConnectString : Plain {  // a member without a port gets 2181, as in the Java client
  static std::string accepted() { return "HOST[:PORT],HOST[:PORT],... and perhaps a /folder"; }
  static std::string type_name() { return "HOST:PORT,..."; }
  static bool read(std::string_view text, std::string& value);
};
struct Namespace : Plain {
  static std::string accepted() { return "a ZooKeeper path without a leading slash, such as dolphinscheduler"; }
  static std::string type_name() { return "PATH"; }
  static bool read(std::string_view text, std::string& value);
};
struct Digest : Plain {
  static std::string accepted() { return "USER:PASSWORD"; }
  static std::string type_name() { return "USER:PASSWORD"; }
  static bool read(std::string_view text, std::string& value);
};

struct Path {
  static std::string accepted() { return "a path"; }
  static std::string type_name() { return "PATH"; }
  static bool read(std::string_view text, std::filesystem::path& value);
  static std::string write(const std::filesystem::path& value) { return value.string(); }
};
struct OptionalPath : Path {
  static std::string accepted() { return "a path, or nothing"; }
  static bool read(std::string_view text, std::filesystem::path& value);
};

struct TimeZoneId : Plain {  // Java's GMT+8 becomes Etc/GMT-8
  static std::string accepted() { return "an IANA name such as Asia/Shanghai, or whole hours such as GMT+8"; }
  static std::string type_name() { return "ZONE"; }
  static bool read(std::string_view text, std::string& value);
};

struct BasePath : Plain {
  static std::string accepted() { return "a path that begins with a slash and has no '..'"; }
  static std::string type_name() { return "PATH"; }
  static bool read(std::string_view text, std::string& value);
};
struct ResourceUrl : Plain {
  static std::string accepted() { return "file:///FOLDER, http://HOST... or https://HOST..."; }
  static std::string type_name() { return "URL"; }
  static bool read(std::string_view text, std::string& value);
};

}  // namespace kind

// The member that a way such as &WorkerConfig::resources, &ResourceConfig::bucket leads to.
template <typename Object, typename Member, typename... Rest>
constexpr auto& member_at(Object& object, Member member, Rest... rest) {
  if constexpr (sizeof...(rest) == 0)
    return object.*member;
  else
    return member_at(object.*member, rest...);
}

template <typename Kind, auto... Way>
constexpr SettingValue setting_value() {
  return {&Kind::accepted, &Kind::type_name,
          [](std::string_view text, WorkerConfig& config) { return Kind::read(text, member_at(config, Way...)); },
          [](const WorkerConfig& config) -> std::string { return Kind::write(member_at(config, Way...)); },
          std::is_same_v<Kind, kind::Boolean>};
}

}  // namespace porpoise
