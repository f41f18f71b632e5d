// The socket between the two processes of a task host: the runner, which has the plugin in it, and the supervisor.
// Before it, porpoise-fetch is the runner.
//
// Packets keep their borders and their order. The supervisor believes nothing that comes in: a plugin may write here
// whatever it likes, and then only its own task is told wrong. send() may be called from any thread, receive() from
// one.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// Descriptors of the process that has the plugin in it.

// The same file under a number above 200, out of the way of plugins that close what they did not open; unchanged where
// the limit of descriptors forbids that.
inline UniqueFd lift(UniqueFd fd) {
  constexpr int kHigh = 200;
  UniqueFd lifted(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kHigh));
  return lifted ? std::move(lifted) : std::move(fd);
}

// Closes everything but 0, 1, 2 and these two.
inline void close_all_but(int one, int other) {
  const auto low = static_cast<unsigned>(std::min(one, other));
  const auto high = static_cast<unsigned>(std::max(one, other));
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0U, 0);
}

enum class PacketKind : std::uint32_t {
  // Runner -> supervisor.
  kLog,          // number: LogLevel, first: text
  kOutput,       // first: bytes as if a child had printed them
  kVariable,     // number: VariablePart, first: name, second: value or a part of it
  kAppId,        // first: id; answered when it is on disk
  kProgress,     // number: permille, first: text
  kBranch,       // number: index, first: next node
  kAlert,        // number: group, first: title, second: content
  kChildBegins,  // answered when everything said before is in the log
  kChildBegan,   // number: pid
  kChildEnded,   // its output is in the pipe
  kFetched,      // only of porpoise-fetch. number: milliseconds, first: bytes, in digits
  kOutcome,      // number: porpoise_status, code: exit code, first: message
  // Supervisor -> runner.
  kCancel,  // number: porpoise_cancel_reason, first: a text for people
  kAnswer,  // to a packet that is answered; number: 0 or an errno
};

// A large value comes in parts, one after the other.
enum class VariablePart : std::int32_t { kLast, kMore, kTooLarge };

struct Packet {
  PacketKind kind{};
  std::int32_t number = 0;
  std::int32_t code = 0;
  std::string_view first = {};
  std::string_view second = {};
};

class Channel {
 public:
  // What receive() found besides packets.
  enum class End { kNothingNow, kClosed };

  // `receive_bytes`: the largest packet that can come from the other end.
  Channel(UniqueFd fd, std::size_t receive_bytes)
      : fd_(std::move(fd)), size_(receive_bytes), buffer_(std::make_unique_for_overwrite<char[]>(receive_bytes)) {}
  // The ends of a new socket: for the supervisor, for the runner.
  static Result<std::pair<Channel, Channel>> make_pair();

  // Waits for room, unless the descriptor is non-blocking. False when the packet was not sent: the other side is gone
  // or does not read, or it is above kMaxPacketBytes.
  bool send(const Packet& packet) const;
  // The texts are valid until the next call. Packets that make no sense are skipped.
  tl::expected<Packet, End> receive(bool wait);

  int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }
  void lift() { fd_ = porpoise::lift(std::move(fd_)); }  // see above

 private:
  UniqueFd fd_;
  std::size_t size_;
  std::unique_ptr<char[]> buffer_;  // not a vector: filling it with zeros would cost more than most tasks need of it
};

}  // namespace porpoise
