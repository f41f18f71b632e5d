// What ZooKeeper says of a cluster, read once.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise::openmldb {

struct ClusterView {
  bool exists = false;                   // something of a cluster is below the path
  std::vector<std::string> others;       // when not: paths that a cluster is below
  std::vector<std::string> nameservers;  // endpoints, the leader first
  std::string taskmanager;               // endpoint; empty: none is registered
  std::vector<std::string> tablets;      // endpoints
  std::size_t tables = 0;                // those of the system included
};

// Blocks, at most for `limit`. `digest`: "user:password", or empty. Errors: kInvalid (the addresses), kUnavailable.
Result<ClusterView> look_at_cluster(std::string_view zk, const std::string& path, const std::string& digest,
                                    std::chrono::milliseconds limit);

}  // namespace porpoise::openmldb
