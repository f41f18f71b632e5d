#include "openmldb/doctor/reach.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/descriptor.h"
#include "base/network_address.h"

namespace porpoise::openmldb {
namespace {

// 0 or an errno.
int connect_to(const addrinfo& address, std::chrono::milliseconds limit) {
  const UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd entry{fd.get(), POLLOUT, 0};
  if (::poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return ETIMEDOUT;
  int problem = 0;
  socklen_t size = sizeof problem;
  return ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &problem, &size) == 0 ? problem : errno;
}

}  // namespace

Status reach(const std::string& endpoint, std::chrono::milliseconds limit) {
  PORPOISE_TRY(const HostPort place, parse_host_port(endpoint));
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int problem = ::getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &wanted, &found);
      problem != 0)
    return fail(ErrorCode::kUnavailable, ::gai_strerror(problem));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int problem = EHOSTUNREACH;
  for (const addrinfo* address = found; address != nullptr && problem != 0; address = address->ai_next)
    problem = connect_to(*address, limit);
  if (problem != 0) return fail(ErrorCode::kUnavailable, std::strerror(problem));
  return {};
}

}  // namespace porpoise::openmldb
