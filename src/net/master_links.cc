#include "net/master_links.h"

#include <utility>
#include <vector>

#include "net/connection.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds kBeatCheck{1};
constexpr std::size_t kMaxWaiting = 100000;  // messages behind one connect; the outbox has them all anyway

}  // namespace

// A connection to one master, or the attempt at one. Keeps itself alive while it connects.
class MasterLinks::Link : public std::enable_shared_from_this<Link> {
 public:
  using Key = std::optional<wire::MessageKey>;

  Link(MasterLinks& links, std::string master) : links_(&links), master_(std::move(master)), limit_(links.io_) {}

  void connect() {
    limit_.expires_after(links_->options_.connect_timeout);
    limit_.async_wait([weak = weak_from_this()](const error_code& problem) {
      if (const auto self = weak.lock(); self && !problem) self->failed("no connection in time");
    });
    dial_ = Connector::start(links_->io_, master_, [self = shared_from_this()](Result<tcp::socket> socket) {
      if (!socket) return self->failed(socket.error().to_string());
      self->connected(*std::move(socket));
    });
  }

  void send(std::string bytes, Key key) {
    if (connection_) {
      if (!connection_->send(std::move(bytes))) links_->not_sent(key, "the connection is closed");
    } else if (waiting_.size() < kMaxWaiting) {
      waiting_.emplace_back(std::move(bytes), key);
    } else {
      links_->not_sent(key, "too many messages wait for the connection");
    }
  }

  void beat(std::chrono::steady_clock::time_point now) {
    if (!connection_ || now - std::max(connection_->last_read(), last_beat_) < links_->options_.heartbeat_after) return;
    last_beat_ = now;
    connection_->send(links_->events_.heartbeat());
  }

  // The owner is gone: there is no one to report to.
  void abandon() {
    links_ = nullptr;
    waiting_.clear();
    close();
  }

 private:
  void connected(tcp::socket socket) {
    if (links_ == nullptr || done_) return;
    limit_.cancel();
    if (links_->unreachable_.erase(master_) > 0) links_->events_.on_link("connected to master " + master_ + " again");
    Connection::Events events;
    events.on_frame = [weak = weak_from_this()](const std::shared_ptr<Connection>&, const wire::Frame& frame) {
      const auto self = weak.lock();
      if (self && self->links_ != nullptr) self->links_->events_.on_frame(self->master_, frame);
    };
    events.on_closed = [weak = weak_from_this()](const auto&, Connection::Ending, const std::string& why) {
      if (const auto self = weak.lock()) self->failed(why.empty() ? "closed by the master" : why);
    };
    connection_ = Connection::make(std::move(socket), 0, std::move(events), links_->options_.limits);
    connection_->start();
    last_beat_ = std::chrono::steady_clock::now();
    MasterLinks& links = *links_;
    for (auto& [bytes, key] : std::exchange(waiting_, {})) {
      if (key && !links.events_.still_due(*key, master_)) continue;
      if (!connection_ || !connection_->send(std::move(bytes))) links.not_sent(key, "the connection broke");
    }
  }

  void failed(const std::string& why) {
    if (std::exchange(done_, true)) return;
    close();
    if (links_ == nullptr) return;
    MasterLinks& links = *links_;
    const auto self = shared_from_this();
    links.links_.erase(master_);
    if (links.unreachable_.insert(master_).second)
      links.events_.on_link("no connection to master " + master_ + ": " + why);
    for (const auto& [bytes, key] : std::exchange(waiting_, {})) links.not_sent(key, why);
  }

  void close() {
    done_ = true;
    limit_.cancel();
    if (dial_) dial_->cancel();
    if (const auto connection = std::exchange(connection_, nullptr)) connection->close("");
  }

  MasterLinks* links_;
  const std::string master_;
  std::shared_ptr<Connector> dial_;
  asio::steady_timer limit_;
  std::shared_ptr<Connection> connection_;
  std::vector<std::pair<std::string, Key>> waiting_;
  std::chrono::steady_clock::time_point last_beat_{};
  bool done_ = false;
};

MasterLinks::MasterLinks(asio::io_context& io, LinkOptions options, MasterLinkEvents& events)
    : io_(io), options_(std::move(options)), events_(events), beat_(io) {
  beat();
}

MasterLinks::~MasterLinks() {
  for (const auto& [master, link] : std::exchange(links_, {})) link->abandon();
}

void MasterLinks::send(const std::string& master, std::string bytes, std::optional<wire::MessageKey> key) {
  auto& link = links_[master];
  if (!link) {
    link = std::make_shared<Link>(*this, master);
    const auto started = link;
    started->connect();
    return started->send(std::move(bytes), key);
  }
  const auto existing = link;
  existing->send(std::move(bytes), key);
}

void MasterLinks::not_sent(const std::optional<wire::MessageKey>& key, const std::string& why) {
  if (key) events_.on_not_sent(*key, why);
}

void MasterLinks::beat() {
  beat_.expires_after(kBeatCheck);
  beat_.async_wait([this](const error_code& problem) {
    if (problem) return;
    for (const auto& [master, link] : std::map(links_)) link->beat(std::chrono::steady_clock::now());
    beat();
  });
}

}  // namespace porpoise
