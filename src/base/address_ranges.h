// Ranges of IP addresses as an administrator writes them: "10.0.0.0/8, 192.168.1.7, fd00::/8", "any" or "none".
//
// Pure values. IPv4 addresses and their IPv6-mapped form are the same address.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

using IpBytes = std::array<std::uint8_t, 16>;  // of an IPv6 address, in network order; IPv4 is ::ffff:a.b.c.d

// ErrorCode::kInvalid unless it is an IPv4 or IPv6 address, without a zone or a port.
Result<IpBytes> parse_ip(std::string_view text);

class AddressRanges {
 public:
  // An error names the part that is none. Empty text is "none".
  static Result<AddressRanges> parse(std::string_view text);

  bool contains(const IpBytes& address) const;

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
