// "zk-0:2181,zk-1:2181/chroot", as ZooKeeper clients take it. A value; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

struct ConnectString {
  struct Server {
    std::string host;
    std::uint16_t port = 2181;
  };
  std::vector<Server> servers;  // at least one
  std::string chroot;           // "/a/b", or empty
  std::string text;             // as it was given
};

// "[::1]:2181" is an IPv6 server; a missing port is 2181.
Result<ConnectString> parse_connect_string(std::string_view text);

}  // namespace porpoise
