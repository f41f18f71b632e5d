#include "net/listener.h"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/network_address.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr const char* kHint = "; choose another address with the key 'listen'";
constexpr int kBacklog = 1024;  // as 3.1 `NettyServerConfig`
// Without descriptors accept() fails at once, again and again.
constexpr std::chrono::milliseconds kAcceptPause{100};

// A task host that was about to be started when the last worker was killed holds that one's port until its exec.
constexpr std::chrono::milliseconds kBindPatience{2000};
constexpr int kBindPauseMs = 20;

Result<HostPort> parse_listen(const std::string& address) {
  // Port 0 lets tests bind whatever is free.
  if (address.ends_with(":0")) return HostPort{address.substr(0, address.size() - 2), 0};
  return parse_host_port(address);
}

// A 3.1 client sends what it connected for at once, or a HEART_BEAT after 6 s of silence (`NettyClientHandler`): who
// has said nothing by then is no peer, and takes the place of one.
constexpr std::chrono::seconds kFirstFrameLimit{20};

// Callers of 3.1 wait for half of that.
constexpr std::chrono::seconds kWriteLimit{20};

// A thousand of them with a whole frame of 8 KiB and a read beyond it, or with a piece of a log, stay below this.
constexpr std::size_t kStrangersBytes = 48U << 20U;

// Idle connections must not take what tasks and masters need.
std::size_t at_most_a_part(std::size_t wanted, rlim_t part) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  return std::min<std::size_t>(wanted, limit.rlim_cur / part);
}

Status bind(tcp::acceptor& acceptor, const std::string& address) {
  PORPOISE_TRY(const HostPort parsed, parse_listen(address));
  error_code problem;
  const auto host = asio::ip::make_address(parsed.host == "localhost" ? "127.0.0.1" : parsed.host, problem);
  if (problem)
    return fail(ErrorCode::kInvalid,
                "cannot listen on " + address + ": " + parsed.host + " is not an IP address" + kHint);
  acceptor.open(host.is_v6() ? tcp::v6() : tcp::v4(), problem);
  if (!problem) acceptor.set_option(tcp::acceptor::reuse_address(true), problem);
  const auto limit = std::chrono::steady_clock::now() + kBindPatience;
  if (!problem) acceptor.bind({host, parsed.port}, problem);
  while (problem == asio::error::address_in_use && std::chrono::steady_clock::now() < limit) {
    ::poll(nullptr, 0, kBindPauseMs);
    acceptor.bind({host, parsed.port}, problem);
  }
  if (!problem) acceptor.listen(kBacklog, problem);
  if (problem) return fail(ErrorCode::kUnavailable, "cannot listen on " + address + ": " + problem.message() + kHint);
  return {};
}

}  // namespace

Listener::Listener(asio::io_context& io, const ListenerOptions& options)
    : acceptor_(io), pause_(io), options_(options) {
  options_.places.most = at_most_a_part(options_.places.most, 2);
  options_.places.most_of_a_peer = at_most_a_part(options_.places.most_of_a_peer, 4);
  if (!options_.limits.first_frame_limit) options_.limits.first_frame_limit = kFirstFrameLimit;
  if (!options_.limits.write_limit) options_.limits.write_limit = kWriteLimit;
  if (!options_.limits.budget) options_.limits.budget = std::make_shared<ByteBudget>();
  if (!options_.limits.strangers)
    options_.limits.strangers = std::make_shared<ByteBudget>(ByteBudget{.most = kStrangersBytes});
}

Result<std::unique_ptr<Listener>> Listener::open(asio::io_context& io, const ListenerOptions& options) {
  std::unique_ptr<Listener> listener(new Listener(io, options));
  PORPOISE_TRY_VOID(bind(listener->acceptor_, options.address));
  return listener;
}

Listener::~Listener() {
  for (const auto& [id, connection] : std::exchange(connections_, {}))
    connection->close("the worker ends", Connection::Ending::kOrderly);
}

std::uint16_t Listener::port() const {
  error_code ignored;
  return acceptor_.local_endpoint(ignored).port();
}

SocketEnd Listener::end() const {
  error_code ignored;
  const auto end = acceptor_.local_endpoint(ignored);
  return {ip_bytes(end.address()), end.port()};
}

void Listener::start(ListenerEvents& events) {
  events_ = &events;
  accept();
}

void Listener::accept() {
  acceptor_.async_accept([this](const error_code& problem, tcp::socket socket) {
    if (problem == asio::error::operation_aborted) return;  // we are gone
    if (!problem) {
      refuses_ = false;
      add(std::move(socket));
      return accept();
    }
    if (!std::exchange(refuses_, true))
      events_->on_ended(Connection::Ending::kOther, "cannot accept connections now: " + problem.message());
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) accept();
    });
  });
}

void Listener::add(tcp::socket socket) {
  error_code problem;
  const auto peer = socket.remote_endpoint(problem);
  if (problem) return;
  if (!make_place(ip_bytes(peer.address())))
    return events_->on_ended(Connection::Ending::kOther, "refused a connection from " + peer.address().to_string() +
                                                             ": there are too many, of all peers or of this one");
  const Connection::Id id = next_id_++;
  Connection::Events events;
  events.on_frame = [this](const std::shared_ptr<Connection>& connection, wire::Frame frame) {
    events_->on_frame(connection, std::move(frame));
  };
  events.on_head = [this](const auto& connection, const wire::FrameHead& head) {
    return events_->on_head(connection, head);
  };
  events.on_exceeded = [this] { make_room(); };
  events.on_closed = [this](const auto& connection, Connection::Ending ending, const std::string& why) {
    if (connections_.erase(connection->id()) > 0 && !why.empty())
      events_->on_ended(ending, "closed the connection from " + connection->peer() + ": " + why);
  };
  auto connection = Connection::make(std::move(socket), id, std::move(events), options_.limits);
  connections_.emplace(id, connection);
  connection->start();
}

Acquaintance Listener::acquaintance(const IpBytes& peer) const {
  return events_->is_master(peer) ? Acquaintance::kMastersAddress : Acquaintance::kStranger;
}

std::vector<Place> Listener::places() const {
  std::vector<Place> places;
  places.reserve(connections_.size());
  for (const auto& [id, one] : connections_)
    places.push_back({id, one->address(), one->trusted() ? Acquaintance::kMaster : acquaintance(one->address()),
                      one->has_spoken(), one->held_bytes(), one->last_traffic()});
  return places;
}

bool Listener::make_place(const IpBytes& peer) {
  const Entry entry = enter(places(), peer, acquaintance(peer), options_.places);
  if (entry.leaves) connections_.at(*entry.leaves)->close("there are too many, of all peers or of this one");
  return entry.allowed;
}

void Listener::make_room() {
  const ByteBudget& all = *options_.limits.budget;
  const ByteBudget& strangers = *options_.limits.strangers;
  while (all.exceeded() || strangers.exceeded()) {
    const auto leaves = holder_to_leave(places(), !all.exceeded());
    if (!leaves) return;
    connections_.at(*leaves)->close("peers together send and leave unread more than can be held");
  }
}

std::shared_ptr<Connection> Listener::find(Connection::Id id) const {
  const auto found = connections_.find(id);
  return found == connections_.end() ? nullptr : found->second;
}

}  // namespace porpoise
