#include "registry/connect_string.h"

#include <charconv>

#include "base/text.h"

namespace porpoise {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::size_t kMaxServers = 64;  // an ensemble has 3 to 7, and every one is resolved at every reconnect

Result<ConnectString::Server> parse_server(std::string_view text) {
  ConnectString::Server server;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return fail(ErrorCode::kInvalid, "'" + std::string(text) + "' lacks its ']'");
    server.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    server.host = text.substr(0, text.find(':'));
    port = text.substr(server.host.size());
  }
  if (server.host.empty()) return fail(ErrorCode::kInvalid, "'" + std::string(text) + "' has no host");
  if (port.empty()) return server;
  if (port.front() == ':') port.remove_prefix(1);
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), server.port);
  if (problem != std::errc() || end != port.data() + port.size() || server.port == 0)
    return fail(ErrorCode::kInvalid, "'" + std::string(text) + "' has no valid port");
  return server;
}

bool is_chroot(std::string_view path) {
  if (path.find("//") != std::string_view::npos || path.ends_with('/')) return false;
  for (const char c : path)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
  return (std::string(path) + "/").find("/../") == std::string::npos &&
         (std::string(path) + "/").find("/./") == std::string::npos;
}

}  // namespace

Result<ConnectString> parse_connect_string(std::string_view text) {
  ConnectString parsed;
  parsed.text = text;
  const std::string where = "ZooKeeper connect string '" + parsed.text + "'";
  std::string_view servers = text.substr(0, text.find('/'));
  if (servers.size() < text.size() && trimmed(text.substr(servers.size()), kBlanks) != "/") {
    parsed.chroot = trimmed(text.substr(servers.size()), kBlanks);
    if (!is_chroot(parsed.chroot)) return fail(ErrorCode::kInvalid, where + ": '" + parsed.chroot + "' is no path");
  }
  for (bool more = true; more;) {
    const auto comma = servers.find(',');
    more = comma != std::string_view::npos;
    auto server = parse_server(trimmed(servers.substr(0, comma), kBlanks));
    if (!server) return fail(server.error().wrap(where));
    parsed.servers.push_back(*std::move(server));
    if (parsed.servers.size() > kMaxServers) return fail(ErrorCode::kInvalid, where + " names too many servers");
    if (more) servers.remove_prefix(comma + 1);
  }
  return parsed;
}

}  // namespace porpoise
