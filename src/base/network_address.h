// Addresses on the network as texts write them: HOST:PORT, and ranges of IP addresses. Pure values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

// "HOST:PORT" as 3.1 `Host` takes it. Pure.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// An error that names the text unless there is exactly one colon, with printable ASCII before it and a port 1..65535
// behind it: it may come from a peer, is looked up, and is written to logs.
Result<HostPort> parse_host_port(std::string_view text);

// Ranges of IP addresses as an administrator writes them: "10.0.0.0/8, 192.168.1.7, fd00::/8", "any" or "none".
//
// Pure values. IPv4 addresses and their IPv6-mapped form are the same address.
using IpBytes = std::array<std::uint8_t, 16>;  // of an IPv6 address, in network order; IPv4 is ::ffff:a.b.c.d

// One end of a connection.
struct SocketEnd {
  IpBytes address{};
  std::uint16_t port = 0;
};

// ErrorCode::kInvalid unless it is an IPv4 or IPv6 address, without a zone or a port.
Result<IpBytes> parse_ip(std::string_view text);

class AddressRanges {
 public:
  // An error names the part that is not a range. Empty text is "none".
  static Result<AddressRanges> parse(std::string_view text);

  bool contains(const IpBytes& address) const { return any_ || names(address); }
  // Whether one of the ranges has it: "any" names nobody.
  bool names(const IpBytes& address) const;

 private:
  struct Range {
    IpBytes first{};
    unsigned bits = 0;  // of the 128 that must agree
  };
  static Result<Range> parse_range(std::string_view text);

  bool any_ = false;
  std::vector<Range> ranges_;
};

}  // namespace porpoise
