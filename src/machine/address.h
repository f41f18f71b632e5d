// The address under which masters reach this worker. It names the node in ZooKeeper, goes into every message and into
// worker groups, and all of them compare it as text: HOST:PORT with exactly one colon, so no IPv6 literal.
//
// Pure, except for find_address and list_interfaces, which may block on a name server.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

struct Interface {
  std::string name;
  std::array<std::uint8_t, 4> ipv4{};
  bool up = false;
  bool loopback = false;
};

struct AddressOptions {
  std::string advertise;    // HOST:PORT or HOST; empty: find it
  std::string listen_host;  // what the worker listens on; one that is not a wildcard is the only one to be reached at
  std::uint16_t port = 1234;
  bool kubernetes = false;  // KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set
};

Result<std::string> find_address(const AddressOptions& options);

// A given HOST or HOST:PORT as HOST:PORT.
Result<std::string> advertised_address(std::string_view given, std::uint16_t port);

// The IPv4 address of an interface that is up and not loopback: a site-local one before others, and those of container
// bridges, which no other machine reaches, last.
Result<std::string> choose_ipv4(const std::vector<Interface>& interfaces);

// 3.1 `NetUtils`: a pod of a stateful set is known by the first two labels of NAME.SERVICE.NAMESPACE.svc.cluster.local,
// which outlive its IP.
std::string kubernetes_host(std::string_view canonical_name);

std::vector<Interface> list_interfaces();

}  // namespace porpoise
