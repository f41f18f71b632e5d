#include "net/connection.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <new>
#include <utility>

#include "base/network_address.h"
#include "base/resolve.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadBytes = 16U << 10U;  // most frames fit; a larger one takes several reads
constexpr std::chrono::seconds kWatchInterval{1};

std::string peer_of(const asio::ip::tcp::socket& socket) {
  error_code problem;
  const auto end = socket.remote_endpoint(problem);
  return problem ? "unknown" : end.address().to_string() + ":" + std::to_string(end.port());
}

}  // namespace

IpBytes ip_bytes(const asio::ip::address& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

std::shared_ptr<Connection> Connection::make(asio::ip::tcp::socket socket, Id id, Events events,
                                             ConnectionLimits limits) {
  return std::shared_ptr<Connection>(new Connection(std::move(socket), id, std::move(events), std::move(limits)));
}

Connection::Connection(asio::ip::tcp::socket socket, Id id, Events events, ConnectionLimits limits)
    : socket_(std::move(socket)),
      id_(id),
      events_(std::move(events)),
      limits_(std::move(limits)),
      peer_(peer_of(socket_)),
      decoder_(limits_.frame),
      watch_(socket_.get_executor()),
      began_(std::chrono::steady_clock::now()),
      last_read_(began_),
      last_traffic_(began_) {
  error_code ignored;
  if (const auto end = socket_.remote_endpoint(ignored); !ignored) peer_end_ = {ip_bytes(end.address()), end.port()};
  if (const auto end = socket_.local_endpoint(ignored); !ignored) own_end_ = {ip_bytes(end.address()), end.port()};
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);  // a wake-up without bytes must not hold everybody up
}

void Connection::start() {
  read();
  watch();
}

// Waits without a buffer, so that a thousand idle connections cost nothing.
void Connection::read() {
  socket_.async_wait(asio::ip::tcp::socket::wait_read, [self = shared_from_this()](const error_code& problem) {
    if (problem || !self->open_) return;
    error_code failed;
    self->buffer_.resize(kReadBytes);
    const std::size_t count = self->socket_.read_some(asio::buffer(self->buffer_), failed);
    if (failed == asio::error::would_block || failed == asio::error::try_again) return self->read();
    if (failed == asio::error::eof && !self->mid_frame_) return self->close("", Ending::kOrderly);
    if (failed) return self->close(failed.message());
    try {
      self->take({self->buffer_.data(), count});
    } catch (const std::bad_alloc&) {
      self->close("there is no memory for what it sends");
    }
    std::string().swap(self->buffer_);  // an idle connection keeps none
    if (self->open_ && !self->held_back_) self->read();
  });
}

void Connection::take(std::string_view bytes) {
  last_read_ = last_traffic_ = std::chrono::steady_clock::now();
  decoder_.feed(bytes);
  take_frames();
}

void Connection::take_frames() {
  while (open_ && (head_taken_ || take_head())) {
    auto frame = decoder_.next();
    if (!frame) return close(frame.error().to_string(), Ending::kMalformed);
    if (!*frame) break;
    mid_frame_ = false;
    has_spoken_ = true;
    head_taken_ = false;
    events_.on_frame(shared_from_this(), std::move(**frame));
  }
  if (!open_) return;
  if (decoder_.mid_frame() && !mid_frame_) frame_began_ = std::chrono::steady_clock::now();
  mid_frame_ = decoder_.mid_frame();
  (void)within_budget();
}

bool Connection::take_head() {
  if (!events_.on_head) return true;
  const auto head = decoder_.head();
  if (!head) {
    close(head.error().to_string(), Ending::kMalformed);
    return false;
  }
  if (!*head) return false;
  const auto limits = events_.on_head(shared_from_this(), **head);
  if (limits) decoder_.limit(*limits);
  head_taken_ = limits.has_value();
  held_back_ = !head_taken_;
  return head_taken_;
}

void Connection::go_on(wire::FrameLimits limits) {
  if (!open_ || !std::exchange(held_back_, false)) return;
  decoder_.limit(limits);
  head_taken_ = true;
  frame_began_ = std::chrono::steady_clock::now();  // the time it was held back is not its own
  take_frames();
  if (open_ && !held_back_) read();
}

void Connection::trust() {
  trusted_ = true;
  count_held();
}

void Connection::count_held() {
  const auto count = [](const std::shared_ptr<ByteBudget>& budget, std::size_t& counted, std::size_t now) {
    if (budget) budget->held += now - counted;  // wraps around and back when it is less
    counted = now;
  };
  const std::size_t holds = open_ ? held_bytes() : 0;
  count(limits_.budget, counted_bytes_, holds);
  count(limits_.strangers, counted_as_stranger_, trusted_ ? 0 : holds);
}

bool Connection::within_budget() {
  count_held();
  const bool exceeded = (limits_.budget && limits_.budget->exceeded()) ||
                        (limits_.strangers && !trusted_ && limits_.strangers->exceeded());
  if (!exceeded) return true;
  if (events_.on_exceeded)
    std::function(events_.on_exceeded)();  // it may close this one, and with it go its events
  else
    close("peers together send and leave unread more than can be held");
  return open_;
}

bool Connection::send(std::string bytes) {
  if (!open_) return false;
  if (unsent_bytes_ + bytes.size() > limits_.max_unsent_bytes) {
    close("the peer does not read what it is sent");
    return false;
  }
  unsent_bytes_ += bytes.size();
  if (!within_budget()) return false;
  unsent_.push_back(std::move(bytes));
  if (unsent_.size() == 1) write();
  return true;
}

void Connection::after_sent(std::function<void()> then) {
  if (!open_ || unsent_.empty()) return then();
  after_sent_.push_back(std::move(then));
}

void Connection::write() {
  write_began_ = std::chrono::steady_clock::now();
  asio::async_write(socket_, asio::buffer(unsent_.front()),
                    [self = shared_from_this()](const error_code& problem, std::size_t) {
                      if (!self->open_) return;
                      if (problem) return self->close(problem.message());
                      self->last_traffic_ = std::chrono::steady_clock::now();
                      self->unsent_bytes_ -= self->unsent_.front().size();
                      self->unsent_.pop_front();
                      self->count_held();
                      if (!self->unsent_.empty()) return self->write();
                      for (const auto& then : std::exchange(self->after_sent_, {})) then();
                    });
}

void Connection::watch() {
  watch_.expires_after(kWatchInterval);
  watch_.async_wait([weak = weak_from_this()](const error_code& problem) {
    const auto self = weak.lock();
    if (problem || !self || !self->open_) return;
    const auto now = std::chrono::steady_clock::now();
    if (self->held_back_) return self->watch();  // whoever holds it back has a limit
    if (self->mid_frame_ && now - self->frame_began_ > self->limits_.frame_deadline)
      return self->close("a frame was not complete in time", Ending::kDeadline);
    if (!self->has_spoken_ && self->limits_.first_frame_limit && now - self->began_ > *self->limits_.first_frame_limit)
      return self->close("it has not sent a frame in time");
    if (!self->unsent_.empty() && self->limits_.write_limit && now - self->write_began_ > *self->limits_.write_limit)
      return self->close("the peer does not read what it is sent");
    if (now - self->last_traffic_ > self->limits_.idle_limit) return self->close("idle for too long");
    self->watch();
  });
}

void Connection::close(const std::string& why, Ending ending) {
  if (!std::exchange(open_, false)) return;
  error_code ignored;
  socket_.close(ignored);
  watch_.cancel();
  count_held();                          // nothing any more
  const auto self = shared_from_this();  // the listener may release us
  events_.on_closed(self, ending, why);
  events_ = {};  // they may hold what holds us
  for (const auto& then : std::exchange(after_sent_, {})) then();
}

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

std::shared_ptr<Connector> Connector::start(asio::io_context& io, const std::string& address, Done done) {
  std::shared_ptr<Connector> connector(new Connector(io, std::move(done)));
  connector->resolve(io, address);
  return connector;
}

void Connector::resolve(asio::io_context& io, const std::string& address) {
  const auto server = parse_host_port(address);
  if (!server) return asio::post(io, [self = shared_from_this(), why = server.error()] { self->end(fail(why)); });
  // An address needs no resolver, and so no thread of it: a worker without a thread to spare reaches its masters.
  error_code is_name;
  if (const auto ip = asio::ip::make_address(server->host, is_name); !is_name) {
    const auto connected = [self = shared_from_this()](const error_code& failed) {
      if (failed) return self->end(fail(ErrorCode::kUnavailable, failed.message()));
      self->end(std::move(self->socket_));
    };
    return socket_.async_connect(tcp::endpoint(ip, static_cast<std::uint16_t>(server->port)), connected);
  }
  const auto connect = [self = shared_from_this()](const error_code& problem,
                                                   const tcp::resolver::results_type& found) {
    if (!self->done_) return;
    if (problem) return self->end(fail(ErrorCode::kUnavailable, problem.message()));
    asio::async_connect(self->socket_, found, [self](const error_code& failed, const tcp::endpoint&) {
      if (failed) return self->end(fail(ErrorCode::kUnavailable, failed.message()));
      self->end(std::move(self->socket_));
    });
  };
  resolve_name(resolver_, server->host, std::to_string(server->port), connect);
}

void Connector::end(Result<tcp::socket> result) {
  if (const Done done = std::exchange(done_, nullptr)) done(std::move(result));
}

void Connector::cancel() {
  done_ = nullptr;
  resolver_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace porpoise
