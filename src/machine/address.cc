#include "machine/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <memory>

namespace porpoise {
namespace {

constexpr const char* kHint = "; give --advertise-address HOST:PORT";
constexpr std::size_t kMaxHostBytes = 253;  // of a DNS name

// Java's Inet4Address.isSiteLocalAddress: RFC 1918.
bool is_site_local(const std::array<std::uint8_t, 4>& ip) {
  return ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xF0U) == 16) || (ip[0] == 192 && ip[1] == 168);
}

bool is_link_local(const std::array<std::uint8_t, 4>& ip) { return ip[0] == 169 && ip[1] == 254; }

bool is_bridge(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {"docker", "br-", "veth", "virbr", "cni", "lxcbr", "lxdbr", "podman"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

std::string to_text(const std::array<std::uint8_t, 4>& ip) {
  return std::to_string(ip[0]) + "." + std::to_string(ip[1]) + "." + std::to_string(ip[2]) + "." +
         std::to_string(ip[3]);
}

int rank(const Interface& interface) {
  if (is_bridge(interface.name)) return 2;
  return is_site_local(interface.ipv4) ? 0 : 1;
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kMaxHostBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_';
  });
}

bool is_wildcard(std::string_view host) { return host.empty() || host == "0.0.0.0" || host == "*" || host == "::"; }

Result<std::string> canonical_host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0) return fail_errno("cannot get the host name", errno);
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(name, nullptr, &hints, &found); problem != 0)
    return fail(ErrorCode::kNotFound,
                "cannot resolve the host name " + std::string(name) + ": " + ::gai_strerror(problem));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  return std::string(found->ai_canonname != nullptr ? found->ai_canonname : name);
}

Result<std::string> find_host(const AddressOptions& options) {
  if (!is_wildcard(options.listen_host)) return options.listen_host;
  if (!options.kubernetes) return choose_ipv4(list_interfaces());
  PORPOISE_TRY(const std::string name, canonical_host_name());
  return kubernetes_host(name);
}

}  // namespace

Result<std::string> find_address(const AddressOptions& options) {
  if (!options.advertise.empty()) return advertised_address(options.advertise, options.port);
  auto host = find_host(options);
  if (!host) return fail(Error(host.error().code(), host.error().to_string() + kHint));
  return advertised_address(*host, options.port);
}

Result<std::string> advertised_address(std::string_view given, std::uint16_t port) {
  const auto invalid = [&](const std::string& why) {
    return fail(ErrorCode::kInvalid, "'" + std::string(given) + "' is no address to register: " + why + kHint);
  };
  if (std::count(given.begin(), given.end(), ':') > 1 || given.starts_with('['))
    return invalid("masters split it at its only colon, so IPv6 needs a host name");
  const auto colon = given.find(':');
  if (!is_host(given.substr(0, colon))) return invalid("the host must be a name or an IPv4 address");
  if (is_wildcard(given.substr(0, colon))) return invalid("no master can reach it");
  unsigned number = port;
  if (colon != std::string_view::npos) {
    const std::string_view digits = given.substr(colon + 1);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem != std::errc() || end != digits.data() + digits.size()) return invalid("the port is no number");
  }
  if (number < 1 || number > 65535) return invalid("the port must be between 1 and 65535");
  return std::string(given.substr(0, colon)) + ":" + std::to_string(number);
}

Result<std::string> choose_ipv4(const std::vector<Interface>& interfaces) {
  const Interface* best = nullptr;
  for (const Interface& interface : interfaces) {
    // A colon marks an alias such as eth0:1, which Java calls virtual.
    if (!interface.up || interface.loopback || is_link_local(interface.ipv4) ||
        interface.name.find(':') != std::string::npos)
      continue;
    if (best == nullptr || rank(interface) < rank(*best)) best = &interface;
  }
  if (best == nullptr) return fail(ErrorCode::kNotFound, "no network interface has an IPv4 address");
  return to_text(best->ipv4);
}

std::string kubernetes_host(std::string_view canonical_name) {
  std::vector<std::string_view> labels;
  for (std::size_t begin = 0; begin <= canonical_name.size();) {
    const std::size_t end = std::min(canonical_name.find('.', begin), canonical_name.size());
    labels.push_back(canonical_name.substr(begin, end - begin));
    begin = end + 1;
  }
  if (labels.size() != 6 || labels[3] != "svc") return std::string(canonical_name);
  return std::string(labels[0]) + "." + std::string(labels[1]);
}

std::vector<Interface> list_interfaces() {
  std::vector<Interface> interfaces;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return interfaces;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const auto ip = ntohl(reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr.s_addr);
    interfaces.push_back({entry->ifa_name,
                          {static_cast<std::uint8_t>(ip >> 24U), static_cast<std::uint8_t>(ip >> 16U),
                           static_cast<std::uint8_t>(ip >> 8U), static_cast<std::uint8_t>(ip)},
                          (entry->ifa_flags & IFF_UP) != 0,
                          (entry->ifa_flags & IFF_LOOPBACK) != 0});
  }
  return interfaces;
}

}  // namespace porpoise
