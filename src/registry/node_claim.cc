#include "registry/node_claim.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxBytes = 64U << 10U;  // it has a few hundred

std::string to_hex(const std::array<char, 16>& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4U];
    text += kDigits[static_cast<unsigned char>(byte) & 0xFU];
  }
  return text;
}

bool from_hex(const std::string& text, std::array<char, 16>& bytes) {
  if (text.size() != 2 * bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned value = 0;
    const char* const begin = text.data() + 2 * i;
    const auto [end, problem] = std::from_chars(begin, begin + 2, value, 16);
    if (problem != std::errc() || end != begin + 2) return false;
    bytes[i] = static_cast<char>(value);
  }
  return true;
}

}  // namespace

Status save_session(const std::filesystem::path& file, const SavedSession& saved) {
  const OrderedJson json{
      {"v", 1},
      {"sessionId", saved.session.id},
      {"password", to_hex(saved.session.password)},
      {"timeoutMs", saved.session.timeout.count()},
      {"servers", saved.servers},
      {"namespace", saved.name_space},
      {"address", saved.address},
      {"bootId", saved.boot_id},
      {"startupTime", saved.startup_time_ms},
  };
  // Not synced to disk: after a power cut the boot id differs anyway.
  return write_file(file, dump_json(json), 0600, Durability::kAtomic);
}

Result<std::optional<SavedSession>> load_session(const std::filesystem::path& file) {
  auto text = read_file(file, kMaxBytes);
  if (!text && text.error().code() == ErrorCode::kNotFound) return std::nullopt;
  if (!text) return fail(std::move(text).error());
  auto json = parse_json(*text);
  if (!json) return fail(json.error().wrap(file.string()));
  SavedSession saved;
  if (!json->is_object() || integer_or(*json, "v", 0) != 1 ||
      !from_hex(string_or(*json, "password", ""), saved.session.password))
    return fail(ErrorCode::kInvalid, file.string() + " is no saved session");
  saved.session.id = integer_or(*json, "sessionId", 0);
  saved.session.timeout = std::chrono::milliseconds(integer_or(*json, "timeoutMs", 0));
  saved.servers = string_or(*json, "servers", "");
  saved.name_space = string_or(*json, "namespace", "");
  saved.address = string_or(*json, "address", "");
  saved.boot_id = string_or(*json, "bootId", "");
  saved.startup_time_ms = integer_or(*json, "startupTime", 0);
  if (saved.session.id == 0 || saved.session.timeout.count() <= 0 || saved.startup_time_ms <= 0)
    return fail(ErrorCode::kInvalid, file.string() + " is no saved session");
  return saved;
}

Status SessionFile::keep(SavedSession session) {
  const std::lock_guard lock(mutex_);
  session_ = std::move(session);
  return write();
}

void SessionFile::forget() {
  const std::lock_guard lock(mutex_);
  session_.reset();
  remove();
}

Status SessionFile::allow(bool allowed) {
  const std::lock_guard lock(mutex_);
  allowed_ = allowed;
  if (allowed_) return write();
  remove();
  return {};
}

Status SessionFile::write() {
  if (file_.empty() || !allowed_ || !session_) return {};
  const Status written = save_session(file_, *session_);
  if (!written) return fail(written.error().wrap("a restart will not take over this session"));
  return {};
}

void SessionFile::remove() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kFirstRetry{1000};
constexpr milliseconds kLastRetry{30000};  // an operator who repairs an ACL need not wait long
// A rival that is alive writes every heartbeat interval (10 s in 3.1); one that missed three is not.
constexpr int kMissedHeartbeats = 3;
constexpr JsonLimits kHeartbeatLimits{64U << 10U, 8};  // another process wrote it

std::string describe_rival(const std::string& address, const ZookeeperNode& node) {
  char session[32];
  std::snprintf(session, sizeof session, "0x%llx", static_cast<unsigned long long>(node.ephemeral_owner));
  const auto heartbeat = parse_json(node.data, kHeartbeatLimits);
  const std::int64_t pid = heartbeat && heartbeat->is_object() ? integer_or(*heartbeat, "processId", 0) : 0;
  return "another worker is registered as " + address + " (" +
         (pid > 0 ? "process " + std::to_string(pid) + ", " : "") + "session " + session +
         ") and is alive; give one of the two another --advertise-address";
}

}  // namespace

NodePaths node_paths(const std::string& name_space, const std::string& address) {
  const std::string nodes = "/" + name_space + "/nodes";
  return {nodes + "/worker", nodes + "/master", nodes + "/worker/" + address};
}

class NodeClaim::Impl : public std::enable_shared_from_this<NodeClaim::Impl> {
 public:
  Impl(asio::io_context& io, ZookeeperHandle& zookeeper, Options options, NodeClaimListener& listener)
      : zookeeper_(zookeeper), options_(std::move(options)), listener_(listener), timer_(io) {}

  // 3.1 makes both parents at every start and empties existing ones; this one leaves those alone.
  void start() {
    state_ = State::kWorking;
    ensure(options_.paths.workers,
           [](Impl& self) { self.ensure(self.options_.paths.masters, [](Impl& again) { again.inspect(); }); });
  }

  void end() {
    ended_ = true;
    timer_.cancel();
  }

  void changed() {
    if (state_ != State::kWorking) inspect();  // else what is under way ends in inspect() anyway
  }

  void write() {
    if (state_ != State::kClaimed) return;
    if (writing_) {
      write_again_ = true;
      return;
    }
    const std::string text = listener_.node_text(false);
    if (ended_ || text.empty()) return;
    writing_ = true;
    write_again_ = false;
    zookeeper_.set(options_.paths.node, text, version_, [weak = weak_from_this(), sent = Clock::now()](auto result) {
      const auto self = weak.lock();
      if (self && !self->ended_) self->written(result, sent);
    });
  }

 private:
  enum class State {
    kWorking,  // a call is under way
    kWaiting,  // for a rival, or to try again
    kClaimed,
  };
  using Step = std::function<void(Impl&)>;

  // A handler that continues with `step`, unless this has ended or the call failed.
  template <typename T, typename Then>
  ZookeeperHandle::Handler<T> next(Then step) {
    return [weak = weak_from_this(), step = std::move(step)](Result<T> result) {
      const auto self = weak.lock();
      if (!self || self->ended_) return;
      if (!result) return self->failed(result.error());
      step(*self, *std::move(result));
    };
  }

  void wait(milliseconds time, void (Impl::*step)()) {
    timer_.expires_after(time);
    timer_.async_wait([weak = weak_from_this(), step](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (self && !problem && !self->ended_) ((*self).*step)();
    });
  }

  void ensure(const std::string& path, const Step& then) {
    zookeeper_.get(path, false, next<std::optional<ZookeeperNode>>([path, then](Impl& self, const auto& node) {
                     node ? then(self) : self.make(path, then);
                   }));
  }

  void make(const std::string& path, const Step& then) {
    const std::string parent = path.substr(0, path.rfind('/'));
    const Step make_it = [path, then](Impl& self) {
      self.zookeeper_.create(path, "", NodeMode::kPersistent,
                             self.next<bool>([then](Impl& again, bool) { then(again); }));
    };
    parent.empty() ? make_it(*this) : ensure(parent, make_it);
  }

  void inspect() {
    if (state_ != State::kClaimed) state_ = State::kWorking;
    zookeeper_.get(options_.paths.node, true,
                   next<std::optional<ZookeeperNode>>([](Impl& self, auto node) { self.seen(std::move(node)); }));
  }

  void seen(const std::optional<ZookeeperNode>& node) {
    if (node && node->ephemeral_owner == options_.session_id) return own(*node);
    if (options_.expected) return lost(node.has_value());
    node ? meet(*node) : create();
  }

  void create() {
    rival_.reset();
    const std::string text = listener_.node_text(true);
    if (ended_) return;
    if (text.empty()) return failed({ErrorCode::kInternal, "there is no heartbeat to register with"});
    zookeeper_.create(options_.paths.node, text, NodeMode::kEphemeral, next<bool>([](Impl& self, bool created) {
                        self.created_ = created;
                        self.inspect();
                      }));
  }

  void own(const ZookeeperNode& node) {
    version_ = node.version;
    if (state_ == State::kClaimed) return;
    state_ = State::kClaimed;
    options_.expected = true;
    listener_.on_claimed(created_);
    if (ended_) return;
    if (!created_) write();
    wait_for_heartbeat();
  }

  void wait_for_heartbeat() { wait(options_.heartbeat_interval, &Impl::beat); }
  void beat() {
    write();
    if (!ended_) wait_for_heartbeat();
  }

  void written(const Result<std::optional<std::int32_t>>& result, Clock::time_point sent) {
    writing_ = false;
    if (!result) return failed(result.error());
    if (!*result) return inspect();  // gone, or another process wrote to it
    version_ = **result;
    listener_.on_written(sent);
    if (!ended_ && write_again_) write();
  }

  void lost(bool to_rival) {
    end();
    listener_.on_lost(to_rival ? "another session has taken its node" : "its node was removed", to_rival);
  }

  struct Rival {
    std::int64_t session_id;
    std::int64_t modified_zxid;
    Clock::time_point last_sign;
  };

  // The node of another session.
  void meet(const ZookeeperNode& node) {
    const bool known = rival_ && rival_->session_id == node.ephemeral_owner;
    const bool alive = known ? rival_->modified_zxid != node.modified_zxid : options_.contested;
    if (!known || alive) rival_ = Rival{node.ephemeral_owner, node.modified_zxid, Clock::now()};
    if (alive) {
      options_.contested = true;
      listener_.on_claim_failed({ErrorCode::kCancelled, describe_rival(options_.address, node)});
      if (ended_) return;
    }
    const milliseconds patience = options_.contested
                                      ? std::max(options_.rival_wait, kMissedHeartbeats * options_.heartbeat_interval)
                                      : options_.rival_wait;
    const auto silent = std::chrono::duration_cast<milliseconds>(Clock::now() - rival_->last_sign);
    if (silent >= patience) return replace(node);
    state_ = State::kWaiting;
    wait(patience - silent, &Impl::inspect);
  }

  void replace(const ZookeeperNode& node) {
    options_.contested = true;  // a process that makes it again before we do is alive
    zookeeper_.remove(options_.paths.node, node.version,
                      next<bool>([](Impl& self, bool removed) { removed ? self.create() : self.inspect(); }));
  }

  void failed(const Error& error) {
    // A lost connection has events of its own.
    if (error.code() != ErrorCode::kUnavailable) listener_.on_claim_failed(error);
    if (ended_ || state_ == State::kClaimed) return;  // the next heartbeat is another try
    state_ = State::kWaiting;
    wait(std::exchange(retry_, std::min(retry_ * 2, kLastRetry)), &Impl::start);
  }

  ZookeeperHandle& zookeeper_;
  Options options_;
  NodeClaimListener& listener_;
  asio::steady_timer timer_;
  State state_ = State::kWorking;
  milliseconds retry_ = kFirstRetry;
  std::int32_t version_ = -1;  // that the node has, so that no other process's node is overwritten
  std::optional<Rival> rival_;
  bool created_ = false;
  bool writing_ = false;
  bool write_again_ = false;
  bool ended_ = false;
};

NodeClaim::NodeClaim(asio::io_context& io, ZookeeperHandle& zookeeper, Options options, NodeClaimListener& listener)
    : impl_(std::make_shared<Impl>(io, zookeeper, std::move(options), listener)) {
  impl_->start();
}

NodeClaim::~NodeClaim() { impl_->end(); }
void NodeClaim::write() { impl_->write(); }
void NodeClaim::changed() { impl_->changed(); }

}  // namespace porpoise
