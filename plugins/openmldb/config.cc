#include "openmldb/config.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "openmldb/sql_lexer.h"
#include "openmldb/sql_splitter.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kEverything = "*";
constexpr std::string_view kDefaultZkPort = ":2181";

// One cluster, spelled in one way only.
struct Cluster {
  std::set<std::string> hosts;
  std::string path;
};

Cluster make_cluster(std::string_view zk, std::string_view path) {
  Cluster cluster;
  while (!zk.empty()) {
    const std::size_t comma = std::min(zk.find(','), zk.size());
    std::string host = to_lower(trimmed(zk.substr(0, comma)));
    zk.remove_prefix(std::min(comma + 1, zk.size()));
    if (host.empty()) continue;
    if (host.find(':') == std::string::npos) host += kDefaultZkPort;
    cluster.hosts.insert(std::move(host));
  }
  cluster.path = normal_path(path);
  return cluster;
}

Cluster parse_key(std::string_view key) {
  const std::size_t slash = std::min(key.find('/'), key.size());
  return make_cluster(key.substr(0, slash), key.substr(slash));
}

bool shares_host(const Cluster& a, const Cluster& b) {
  return a.path == b.path &&
         std::any_of(a.hosts.begin(), a.hosts.end(), [&b](const std::string& host) { return b.hosts.count(host) > 0; });
}

Status read_ms(const Json& json, std::string_view key, milliseconds& value) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  constexpr std::int64_t kMostMs = std::int64_t{24} * 60 * 60 * 1000;
  const bool is_valid =
      found->is_number_integer() && found->get<std::int64_t>() >= 0 && found->get<std::int64_t>() <= kMostMs;
  if (!is_valid)
    return fail(ErrorCode::kInvalid,
                "plugins.OPENMLDB." + std::string(key) + " must be a number of milliseconds, at most a day");
  value = milliseconds(found->get<std::int64_t>());
  return {};
}

Status read_apiservers(const Json& json, Config& config) {
  const auto found = json.find("apiservers");
  if (found == json.end() || found->is_null()) return {};
  if (!found->is_object())
    return fail(ErrorCode::kInvalid, "plugins.OPENMLDB.apiservers must map \"host:port/path\" of ZooKeeper to a URL");
  for (const auto& [key, value] : found->items()) {
    std::string url = value.is_string() ? std::string(trimmed(value.get_ref<const std::string&>())) : std::string();
    while (!url.empty() && url.back() == '/') url.pop_back();
    if (url.rfind("http://", 0) != 0 && url.rfind("https://", 0) != 0)
      return fail(ErrorCode::kInvalid,
                  "plugins.OPENMLDB.apiservers: the value of \"" + key + "\" is not an http:// or https:// URL");
    config.apiservers.emplace_back(std::string(trimmed(key)), std::move(url));
  }
  return {};
}

}  // namespace

Result<DriverKind> parse_driver(std::string_view what, std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower == "auto") return DriverKind::kAuto;
  if (lower == "rest") return DriverKind::kRest;
  if (lower == "sdk") return DriverKind::kSdk;
  return fail(ErrorCode::kInvalid, std::string(what) + " must be auto, rest or sdk, not '" + headline(text, 40) + "'");
}

Result<Config> parse_config(std::string_view config_json) {
  auto json = parse_json(config_json.empty() ? std::string_view("{}") : config_json);
  if (!json) return fail(json.error().wrap("the configuration plugins.OPENMLDB"));
  if (!json->is_object()) return fail(ErrorCode::kInvalid, "the configuration plugins.OPENMLDB is not a map");
  Config config;
  PORPOISE_TRY_VOID(read_apiservers(*json, config));
  PORPOISE_TRY_VOID(read_ms(*json, "settleMillis", config.settle));
  PORPOISE_TRY_VOID(read_ms(*json, "retryMillis", config.retry));
  PORPOISE_TRY_VOID(read_ms(*json, "requestMillis", config.request));
  PORPOISE_TRY(config.driver, parse_driver("plugins.OPENMLDB.driver", string_or(*json, "driver", "auto")));
  config.allows_sdk = bool_or(*json, "sdk", true);
  config.user = string_or(*json, "user", "");
  config.password = string_or(*json, "password", "");
  config.zk_cert = string_or(*json, "zkCert", "");
  config.default_db = string_or(*json, "defaultDb", config.default_db);
  return config;
}

std::string normal_path(std::string_view zk_path) {
  zk_path = trimmed(zk_path);
  while (!zk_path.empty() && zk_path.back() == '/') zk_path.remove_suffix(1);
  return (zk_path.empty() || zk_path.front() == '/' ? "" : "/") + std::string(zk_path);
}

Result<std::string> find_apiserver(const Config& config, std::string_view zk, std::string_view zk_path) {
  const Cluster wanted = make_cluster(zk, zk_path);
  const std::string* by_host = nullptr;
  const std::string* by_star = nullptr;
  for (const auto& [key, url] : config.apiservers) {
    if (key == kEverything) {
      by_star = &url;
      continue;
    }
    const Cluster known = parse_key(key);
    if (known.path == wanted.path && known.hosts == wanted.hosts) return url;
    if (by_host == nullptr && shares_host(known, wanted)) by_host = &url;
  }
  if (by_host != nullptr) return *by_host;
  if (by_star != nullptr) return *by_star;
  return fail(ErrorCode::kNotFound, "no APIServer is known for the OpenMLDB cluster \"" + std::string(trimmed(zk)) +
                                        wanted.path +
                                        "\"; add under plugins.OPENMLDB.apiservers in porpoise.yaml the line  \"" +
                                        std::string(trimmed(zk)) + wanted.path + "\": http://HOST:9080");
}

Result<std::optional<std::string>> choose_way(const Config& config, DriverKind wanted, std::string_view zk,
                                              std::string_view zk_path) {
  if (wanted == DriverKind::kAuto) wanted = config.driver;
  if (!config.allows_sdk) wanted = DriverKind::kRest;
  if (wanted == DriverKind::kSdk) return std::optional<std::string>();
  auto url = find_apiserver(config, zk, zk_path);
  if (url) return std::optional<std::string>(std::move(*url));
  if (wanted == DriverKind::kAuto) return std::optional<std::string>();
  return fail(url.error());
}

}  // namespace porpoise::openmldb
