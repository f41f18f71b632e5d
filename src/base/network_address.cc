#include "base/network_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/text.h"

namespace porpoise {

Result<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (printable && colon != std::string_view::npos && colon > 0) {
    HostPort parsed{std::string(text.substr(0, colon)), 0};
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, parsed.port);  // stops at a second colon
    if (problem == std::errc() && stop == end && parsed.port > 0) return parsed;
  }
  return fail(ErrorCode::kInvalid, "\"" + std::string(text) + "\" is not HOST:PORT");
}

namespace {

constexpr std::string_view kBlanks = " ";
constexpr unsigned kBits = 128;
constexpr unsigned kMappedBits = 96;  // before the IPv4 address in ::ffff:a.b.c.d

bool agree(const IpBytes& left, const IpBytes& right, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(left.begin(), left.begin() + whole, right.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((left.at(whole) ^ right.at(whole)) >> (8 - rest)) == 0;
}

}  // namespace

Result<IpBytes> parse_ip(std::string_view text) {
  const std::string address(text);
  IpBytes bytes{};
  if (::inet_pton(AF_INET, address.c_str(), bytes.data() + kMappedBits / 8) == 1) {
    bytes[10] = bytes[11] = 0xff;
    return bytes;
  }
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  return fail(ErrorCode::kInvalid, "\"" + address + "\" is not an IP address");
}

Result<AddressRanges::Range> AddressRanges::parse_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  Range range;
  PORPOISE_TRY(range.first, parse_ip(address));
  range.bits = kBits;
  if (slash == std::string_view::npos) return range;
  const unsigned before = address.find(':') == std::string_view::npos ? kMappedBits : 0;
  unsigned bits = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data() + slash + 1, end, bits);
  if (problem != std::errc() || stop != end || bits > kBits - before)
    return fail(ErrorCode::kInvalid, "\"" + std::string(text) + "\" does not end in a number of bits from 0 to " +
                                         std::to_string(kBits - before));
  range.bits = before + bits;
  return range;
}

Result<AddressRanges> AddressRanges::parse(std::string_view text) {
  AddressRanges ranges;
  text = trimmed(text, kBlanks);
  if (text.empty() || text == "none") return ranges;
  if (text == "any") {
    ranges.any_ = true;
    return ranges;
  }
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    PORPOISE_TRY(const Range range, parse_range(trimmed(text.substr(begin, end - begin), kBlanks)));
    ranges.ranges_.push_back(range);
    begin = end + 1;
  }
  return ranges;
}

bool AddressRanges::names(const IpBytes& address) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [&](const Range& range) { return agree(range.first, address, range.bits); });
}

}  // namespace porpoise
