#include "taskhost/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "taskhost/limits.h"

namespace porpoise {
namespace {

struct Header {
  std::uint32_t kind;
  std::int32_t number;
  std::int32_t code;
  std::uint32_t first_size;
};

iovec piece(const void* data, std::size_t size) { return {const_cast<void*>(data), size}; }

}  // namespace

Result<std::pair<Channel, Channel>> Channel::make_pair() {
  std::array<int, 2> fds{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()) != 0)
    return fail_errno("cannot make a socket pair", errno);
  return std::make_pair(Channel(UniqueFd(fds[0]), kMaxPacketBytes), Channel(UniqueFd(fds[1]), kMaxOrderPacketBytes));
}

bool Channel::send(const Packet& packet) const {
  const Header header{static_cast<std::uint32_t>(packet.kind), packet.number, packet.code,
                      static_cast<std::uint32_t>(packet.first.size())};
  if (sizeof header + packet.first.size() + packet.second.size() > kMaxPacketBytes) return false;
  std::array<iovec, 3> pieces{piece(&header, sizeof header), piece(packet.first.data(), packet.first.size()),
                              piece(packet.second.data(), packet.second.size())};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  while (::sendmsg(fd_.get(), &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return false;
  return true;
}

tl::expected<Packet, Channel::End> Channel::receive(bool wait) {
  while (true) {
    const ssize_t count = ::recv(fd_.get(), buffer_.get(), size_, wait ? 0 : MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return tl::unexpected(End::kNothingNow);
    if (count <= 0) return tl::unexpected(End::kClosed);
    const auto size = static_cast<std::size_t>(count);
    Header header{};
    if (size < sizeof header) continue;
    std::memcpy(&header, buffer_.get(), sizeof header);
    const std::string_view texts(buffer_.get() + sizeof header, size - sizeof header);
    if (header.first_size > texts.size()) continue;
    return Packet{static_cast<PacketKind>(header.kind), header.number, header.code, texts.substr(0, header.first_size),
                  texts.substr(header.first_size)};
  }
}

}  // namespace porpoise
