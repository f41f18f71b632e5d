#include "registry/zookeeper_client.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <set>
#include <utility>

#include "base/resolve.h"
#include "base/text.h"
#include "registry/zookeeper_handle.h"

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

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

// The first attempt takes no longer than a part of the session timeout, so that several servers are tried within it;
// each further one twice as long, up to where the C client gives a connection up itself. Slow servers are reached by
// that.
constexpr int kFirstAttemptParts = 6;
constexpr milliseconds kMinAttempt{1000};
milliseconds first_attempt(milliseconds session_timeout) {
  return std::max(kMinAttempt, session_timeout / kFirstAttemptParts);
}
milliseconds last_attempt(milliseconds session_timeout) { return std::max(kMinAttempt, session_timeout * 2 / 3); }

}  // namespace

class ZookeeperClient::Impl : public std::enable_shared_from_this<ZookeeperClient::Impl> {
 public:
  Impl(asio::io_context& io, Options options, ZookeeperListener& listener)
      : io_(io),
        options_(std::move(options)),
        listener_(listener),
        resolver_(io),
        limit_(io),
        attempt_limit_(first_attempt(options_.session_timeout)) {}

  // Resolves all servers, then continues in connect().
  void attempt() {
    ++attempt_;
    addresses_.clear();
    unresolved_ = options_.servers.servers.size();
    problem_said_ = false;
    start_limit();
    for (const ConnectString::Server& server : options_.servers.servers) resolve(server);
  }

  void end(bool close_session) {
    ended_ = true;
    limit_.cancel();
    resolver_.cancel();
    if (handle_ && close_session) handle_->close();
    handle_.reset();
  }

  ZookeeperHandle* handle() const { return connected_ ? handle_.get() : nullptr; }

 private:
  void resolve(const ConnectString::Server& server) {
    const auto take = [weak = weak_from_this(), attempt = attempt_, host = server.host](
                          const boost::system::error_code& problem, const auto& found) {
      const auto self = weak.lock();
      if (self && !self->ended_ && self->attempt_ == attempt) self->resolved(host, problem, found);
    };
    resolve_name(resolver_, server.host, std::to_string(server.port), take);
  }

  void start_limit() {
    limit_.expires_after(attempt_limit_);
    limit_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (self && !problem && !self->ended_ && !self->connected_) self->give_up_attempt();
    });
  }

  void give_up_attempt() {
    attempt_limit_ = std::min(attempt_limit_ * 2, last_attempt(options_.session_timeout));
    if (handle_) hanging_.insert(handle_->server());
    if (!problem_said_) report(unresolved_ > 0 ? "its names are not resolved in time" : "no answer in time");
    if (!ended_) attempt();
  }

  void report(const std::string& why) {
    problem_said_ = true;
    listener_.on_attempt_failed(
        {ErrorCode::kUnavailable, "cannot reach ZooKeeper at " + options_.servers.text + ": " + why});
  }

  void resolved(const std::string& host, const boost::system::error_code& problem,
                const asio::ip::tcp::resolver::results_type& found) {
    --unresolved_;
    if (!problem) {
      // Not "[::1]:2181": the C client takes everything before the last colon for the host.
      for (const auto& entry : found)
        addresses_.insert(entry.endpoint().address().to_string() + ":" + std::to_string(entry.endpoint().port()));
    } else {
      report("cannot resolve " + host + ": " + problem.message());
    }
    if (!ended_ && unresolved_ == 0 && !addresses_.empty()) connect();
  }

  // A new handle, although the old one could continue: it may hang at a server that is gone, or know old addresses.
  void connect() {
    handle_.reset();
    ++generation_;
    ZookeeperHandle::Options options{{}, options_.session_timeout, options_.digest, options_.resume};
    const auto hangs = [this](const std::string& address) { return hanging_.count(address) > 0; };
    if (std::all_of(addresses_.begin(), addresses_.end(), hangs)) hanging_.clear();
    for (const std::string& address : addresses_)
      if (!hangs(address)) options.servers += (options.servers.empty() ? "" : ",") + address;
    options.servers += options_.servers.chroot;
    auto opened = ZookeeperHandle::open(io_, options, events());
    if (!opened) return report(opened.error().to_string());
    handle_ = *std::move(opened);
  }

  ZookeeperHandle::Events events() {
    const auto when_current = [weak = weak_from_this(), generation = generation_](auto action) {
      const auto self = weak.lock();
      if (self && !self->ended_ && self->generation_ == generation) action(*self);
    };
    return {[=](ZookeeperHandle::State state, const ZookeeperSession& session) {
              when_current([&](Impl& self) { self.change(state, session); });
            },
            [=](const std::string& path) { when_current([&](Impl& self) { self.listener_.on_changed(path); }); },
            [=](std::string_view line) { when_current([&](Impl& self) { self.hear(line); }); }};
  }

  void change(ZookeeperHandle::State state, const ZookeeperSession& session) {
    switch (state) {
      case ZookeeperHandle::State::kConnected: return connected(session);
      case ZookeeperHandle::State::kDisconnected: return disconnected();
      case ZookeeperHandle::State::kExpired: {
        end(false);
        return listener_.on_expired();
      }
      case ZookeeperHandle::State::kAuthFailed: {
        if (connected_) disconnected();
        if (!ended_) report("it refuses the digest");
        return;
      }
    }
  }

  void connected(const ZookeeperSession& session) {
    connected_ = true;
    ++attempt_;  // names that are still being resolved are not needed
    limit_.cancel();
    attempt_limit_ = first_attempt(options_.session_timeout);
    hanging_.clear();
    options_.resume = session;
    listener_.on_connected(session);
  }

  // The C client tries its servers again at once; when that is of no use, the next attempt takes over.
  void disconnected() {
    if (!std::exchange(connected_, false)) return;
    problem_said_ = false;
    start_limit();
    listener_.on_disconnected();
  }

  void hear(std::string_view line) {
    listener_.on_log(line);
    if (ended_ || connected_) return;
    if (const std::string problem = connection_problem(line); !problem.empty()) report(problem);
  }

  asio::io_context& io_;
  Options options_;
  ZookeeperListener& listener_;
  asio::ip::tcp::resolver resolver_;
  asio::steady_timer limit_;  // of one attempt
  milliseconds attempt_limit_;
  std::uint64_t attempt_ = 0;     // answers about names of an earlier one are ignored
  std::uint64_t generation_ = 0;  // of handle_: events of an earlier one are ignored
  std::size_t unresolved_ = 0;
  std::set<std::string> addresses_;
  std::set<std::string> hanging_;  // addresses where an attempt was given up: others come first
  bool problem_said_ = false;
  bool connected_ = false;
  bool ended_ = false;
  std::unique_ptr<ZookeeperHandle> handle_;
};

ZookeeperClient::ZookeeperClient(asio::io_context& io, Options options, ZookeeperListener& listener)
    : impl_(std::make_shared<Impl>(io, std::move(options), listener)) {
  impl_->attempt();
}

ZookeeperClient::~ZookeeperClient() { impl_->end(false); }
void ZookeeperClient::close() { impl_->end(true); }
ZookeeperHandle* ZookeeperClient::handle() { return impl_->handle(); }

}  // namespace porpoise
