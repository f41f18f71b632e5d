#include "registry/zookeeper_pump.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/descriptor.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds kPauseAfterError{10};  // the library itself pauses longer when all its servers have failed

}  // namespace

Result<std::shared_ptr<ZookeeperPump>> ZookeeperPump::start(asio::io_context& io, zhandle_t* handle) {
  UniqueFd events(::epoll_create1(EPOLL_CLOEXEC));
  if (!events) {
    const int problem = errno;
    ::zookeeper_close(handle);
    return fail_errno("cannot make an epoll instance", problem);
  }
  std::shared_ptr<ZookeeperPump> pump(new ZookeeperPump(io, handle, events.release()));
  pump->wait_for_event();
  pump->step();
  return pump;
}

ZookeeperPump::ZookeeperPump(asio::io_context& io, zhandle_t* handle, int events)
    : handle_(handle), events_(io, events), timer_(io) {}

void ZookeeperPump::wait_for_event() {
  events_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [weak = weak_from_this()](const boost::system::error_code& problem) {
                       const auto self = weak.lock();
                       if (!self || problem || self->handle_ == nullptr) return;
                       epoll_event event{};
                       const bool any = ::epoll_wait(self->events_.native_handle(), &event, 1, 0) == 1;
                       self->wait_for_event();
                       if (!any) return;
                       int events = 0;
                       if ((event.events & (EPOLLIN | EPOLLERR)) != 0) events |= ZOOKEEPER_READ;
                       if ((event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) events |= ZOOKEEPER_WRITE;
                       self->process(events);
                     });
}

void ZookeeperPump::process(int events) {
  ::zookeeper_process(handle_, events);
  step();
}

void ZookeeperPump::step() {
  if (handle_ == nullptr || ::is_unrecoverable(handle_) != 0) return;  // its last event was posted
  int interest = 0;
  timeval limit{};
  connection_ = -1;
  const int code = ::zookeeper_interest(handle_, &connection_, &interest, &limit);
  milliseconds timeout(limit.tv_sec * 1000 + limit.tv_usec / 1000);
  if (code != ZOK) {
    timeout = std::max(timeout, kPauseAfterError);  // what it says of the connection is not to be relied on
  } else if (connection_ >= 0) {
    epoll_event wanted{};
    wanted.events = ((interest & ZOOKEEPER_READ) != 0 ? unsigned{EPOLLIN} : 0U) |
                    ((interest & ZOOKEEPER_WRITE) != 0 ? unsigned{EPOLLOUT} : 0U);
    if (::epoll_ctl(events_.native_handle(), EPOLL_CTL_MOD, connection_, &wanted) != 0)
      ::epoll_ctl(events_.native_handle(), EPOLL_CTL_ADD, connection_, &wanted);
  }
  timer_.expires_after(timeout);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
    const auto self = weak.lock();
    if (self && !problem && self->handle_ != nullptr) self->process(0);
  });
}

// zookeeper_close ends the session when it is connected: to keep it, the connection is cut first.
void ZookeeperPump::stop(Ending ending) {
  if (handle_ == nullptr) return;
  const int state = ::zoo_state(handle_);
  const bool connected = state == ZOO_CONNECTED_STATE || state == ZOO_READONLY_STATE;
  if (ending == Ending::kLetGo && connected) ::shutdown(connection_, SHUT_RDWR);
  ::zookeeper_close(std::exchange(handle_, nullptr));
  timer_.cancel();
  events_.close();
}

}  // namespace porpoise
