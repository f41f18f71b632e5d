#include "observe/sd_notify.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/text.h"

namespace porpoise {
namespace {

constexpr timeval kSendLimit{1, 0};
constexpr std::size_t kMaxStatusBytes = 512;  // systemctl shows one line of it

Result<std::int64_t> parse_number(const char* name, std::string_view text) {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || number <= 0)
    return fail(ErrorCode::kInvalid, std::string(name) + " is no positive number: '" + std::string(text) + "'");
  return number;
}

// Nothing when there is no watchdog, or when it is another process's.
Result<std::optional<std::chrono::microseconds>> parse_watchdog(const NotifyEnvironment& environment) {
  if (environment.watchdog_usec.empty()) return std::nullopt;
  PORPOISE_TRY(const std::int64_t timeout, parse_number("WATCHDOG_USEC", environment.watchdog_usec));
  if (!environment.watchdog_pid.empty()) {
    PORPOISE_TRY(const std::int64_t pid, parse_number("WATCHDOG_PID", environment.watchdog_pid));
    if (pid != ::getpid()) return std::nullopt;
  }
  return std::chrono::microseconds(std::max<std::int64_t>(timeout / 2, 1));
}

}  // namespace

Result<SdNotify> SdNotify::open(const NotifyEnvironment& environment) {
  SdNotify notify;
  if (environment.notify_socket.empty()) return notify;
  notify.address_ = environment.notify_socket;
  const bool abstract = notify.address_.front() == '@';
  if ((!abstract && notify.address_.front() != '/') || notify.address_.size() >= sizeof(sockaddr_un::sun_path))
    return fail(ErrorCode::kInvalid, "NOTIFY_SOCKET is no address of a unix socket: '" + notify.address_ + "'");
  if (abstract) notify.address_.front() = '\0';

  PORPOISE_TRY(notify.watchdog_period_, parse_watchdog(environment));
  notify.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!notify.socket_) return fail_errno("cannot make a socket for systemd", errno);
  ::setsockopt(notify.socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kSendLimit, sizeof kSendLimit);
  return notify;
}

Status SdNotify::status(std::string_view text) const {
  std::string line(cut_utf8(text, kMaxStatusBytes));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20U; }, ' ');
  return send("STATUS=" + line);
}

Status SdNotify::send(std::string_view message) const {
  if (!socket_) return {};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), length);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail_errno("cannot tell systemd " + std::string(message), errno);
  return {};
}

}  // namespace porpoise
