// The plugin's section of porpoise's configuration (plugins.OPENMLDB), and the way a task takes to its cluster. Pure.
//
// An APIServer is not registered in ZooKeeper, so (zk, zkPath) alone cannot find it: the map `apiservers` does.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace porpoise::openmldb {

enum class DriverKind {
  kAuto,  // the APIServer where one is known, else the SDK
  kRest,
  kSdk,
};

struct Config {
  std::vector<std::pair<std::string, std::string>> apiservers;  // "host:port[,host:port]/path" or "*" -> URL
  DriverKind driver = DriverKind::kAuto;
  bool allows_sdk = true;                     // else every task takes an APIServer, whatever it asks for
  std::string user, password, zk_cert;        // for the SDK; an APIServer has its own
  std::string default_db = "__INTERNAL_DB";   // the database until a USE; every cluster has it
  std::chrono::milliseconds settle{2000};     // FINISHED may flip to FAILED for so long
  std::chrono::milliseconds retry{20000};     // an unreachable APIServer is tried again for so long
  std::chrono::milliseconds request{600000};  // longest wait for the answer to a statement

  // Reads are answered from memory; a longer silence than half a minute means a sick server.
  std::chrono::milliseconds read_limit() const { return std::min(request, std::chrono::milliseconds(30000)); }
};

// `text` in any case; errors name `what` and the choices.
Result<DriverKind> parse_driver(std::string_view what, std::string_view text);

Result<Config> parse_config(std::string_view config_json);

// "/openmldb", however it was written.
std::string normal_path(std::string_view zk_path);

// The URL, without a closing '/'. A whole list of ZooKeeper hosts matches first, then any one host, then "*".
// Errors: kNotFound, with the line to add.
Result<std::string> find_apiserver(const Config& config, std::string_view zk, std::string_view zk_path);

// How a task gets to its cluster: by this URL, or without one by the SDK. `wanted` is kAuto or rules over the
// configuration. Errors: kNotFound, as above.
Result<std::optional<std::string>> choose_way(const Config& config, DriverKind wanted, std::string_view zk,
                                              std::string_view zk_path);

}  // namespace porpoise::openmldb
