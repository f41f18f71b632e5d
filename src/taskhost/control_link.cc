#include "taskhost/control_link.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "base/exhaustion.h"
#include "taskdir/liveness.h"
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

Status ControlLink::listen(const std::filesystem::path& state_dir, std::string proof) {
  proof_ = std::move(proof);
  PORPOISE_TRY(listener_, listen_for_requesters(state_dir));
  return {};
}

std::vector<CancelMessage> ControlLink::receive() {
  read();
  while (listener_) {
    UniqueFd next = accept_requester(listener_.get());
    if (!next) break;
    stranger_ = std::move(next);
    let_in();
  }
  if (stranger_) let_in();
  return std::exchange(orders_, {});
}

// One that has said nothing yet is waited for.
void ControlLink::let_in() {
  if (!proof_.empty()) {
    std::array<char, kMaxHostMessageBytes> buffer;  // NOLINT: filled by recv
    const ssize_t count = ::recv(stranger_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    const auto message =
        decode_requester_message({buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
    const auto* const word = message && *message ? std::get_if<ProofMessage>(&**message) : nullptr;
    if (word == nullptr || word->proof != proof_) return stranger_.reset();
  }
  fd_ = std::move(stranger_);
  read();
}

void ControlLink::read() {
  std::array<char, kMaxHostMessageBytes> buffer;  // NOLINT: filled by recv
  while (connected()) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0) {
      fd_.reset();
      lost_ = true;
      break;
    }
    const auto message = decode_requester_message({buffer.data(), static_cast<std::size_t>(count)});
    if (!message || !*message) continue;
    if (const auto* const order = std::get_if<CancelMessage>(&**message))
      orders_.push_back(*order);
    else if (std::holds_alternative<PingMessage>(**message))
      tell(StartedMessage{::getpid()});
  }
}

void ControlLink::answer_while(const std::function<void()>& work) {
  const UniqueFd done(::eventfd(0, EFD_CLOEXEC));
  std::thread worker;
  const Status started = caught("", [&] {
    worker = std::thread([&] {
      work();
      ::eventfd_write(done.get(), 1);
    });
    return Status();
  });
  if (!started || !done) return worker.joinable() ? worker.join() : work();  // the machine is full: nobody is answered
  const auto limit = std::chrono::steady_clock::now() + kBusyLimit;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    std::array<pollfd, 4> events{pollfd{done.get(), POLLIN, 0}, pollfd{fd(), POLLIN, 0}, pollfd{listener(), POLLIN, 0},
                                 pollfd{stranger(), POLLIN, 0}};
    ::poll(events.data(), events.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (events[0].revents != 0 || left.count() <= 0) break;
    for (CancelMessage& order : receive()) orders_.push_back(std::move(order));
  }
  worker.join();
}

}  // namespace porpoise
