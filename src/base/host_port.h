// "HOST:PORT" as 3.1 `Host` takes it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// An error that names the text unless there is exactly one colon, with printable ASCII before it and a port 1..65535
// behind it: it may come from a peer, is looked up, and is written to logs.
Result<HostPort> parse_host_port(std::string_view text);

}  // namespace porpoise
