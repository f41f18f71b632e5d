#include "taskhost/control_link.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "taskhost/limits.h"

namespace porpoise {

void ControlLink::tell(const HostMessage& message) {
  if (!connected()) return;
  const std::string packet = encode(message);
  ::send(fd_.get(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void ControlLink::tell_last(const HostMessage& message) {
  if (!connected()) return;
  const std::string packet = encode(message);
  pollfd room{fd_.get(), POLLOUT, 0};
  while (::send(fd_.get(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    if (errno != EAGAIN || ::poll(&room, 1, static_cast<int>(kTellLimit.count())) <= 0) return;
}

std::vector<RequesterMessage> ControlLink::receive() {
  std::vector<RequesterMessage> messages;
  std::array<char, kMaxHostMessageBytes> buffer;  // NOLINT: filled by recv
  while (connected()) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0) {
      fd_.reset();
      break;
    }
    auto message = decode_requester_message({buffer.data(), static_cast<std::size_t>(count)});
    if (message && *message) messages.push_back(**std::move(message));
  }
  return messages;
}

}  // namespace porpoise
