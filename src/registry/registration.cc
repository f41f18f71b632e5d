#include "registry/registration.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "registry/node_claim.h"
#include "registry/zookeeper_client.h"

namespace porpoise {
namespace {

// Above this a double has no decimals to round, and "times 100" could overflow.
constexpr double kMaxRounded = 1e13;

double rounded(double value, double unknown) {
  if (!std::isfinite(value)) return unknown;
  if (std::abs(value) > kMaxRounded) return value;
  return std::round(value * 100) / 100 + 0.0;  // + 0.0 turns -0.0 into 0.0
}

}  // namespace

ServerStatus server_status(const Heartbeat& heartbeat) {
  if (heartbeat.unwilling || heartbeat.load_average > heartbeat.max_cpu_load_avg ||
      heartbeat.available_memory_gib < heartbeat.reserved_memory_gib)
    return ServerStatus::kAbnormal;
  return heartbeat.waiting_tasks > heartbeat.exec_threads ? ServerStatus::kBusy : ServerStatus::kNormal;
}

std::vector<std::string> overloads(const Heartbeat& heartbeat) {
  std::vector<std::string> found;
  const auto note = [&](const char* what, double value, const char* relation, const char* key, double limit) {
    found.push_back(std::string(what) + " " + dump_json(Json(rounded(value, -1))) + " is " + relation + " " + key +
                    " " + dump_json(Json(rounded(limit, 0))));
  };
  if (heartbeat.load_average > heartbeat.max_cpu_load_avg)
    note("load average", heartbeat.load_average, "above", "max-cpu-load-avg", heartbeat.max_cpu_load_avg);
  if (heartbeat.available_memory_gib < heartbeat.reserved_memory_gib)
    note("available memory in GiB", heartbeat.available_memory_gib, "below", "reserved-memory",
         heartbeat.reserved_memory_gib);
  if (heartbeat.waiting_tasks > heartbeat.exec_threads)
    note("number of waiting tasks", heartbeat.waiting_tasks, "above", "exec-threads", heartbeat.exec_threads);
  return found;
}

double max_load_average(double configured, double cpus) { return configured > 0 ? configured : 2 * cpus; }

std::string to_json_text(const Heartbeat& heartbeat) {
  return dump_json(OrderedJson{
      {"startupTime", heartbeat.startup_time_ms},
      {"reportTime", heartbeat.report_time_ms},
      {"cpuUsage", rounded(heartbeat.cpu_usage, -1)},
      {"memoryUsage", rounded(heartbeat.memory_usage, 0)},
      {"loadAverage", rounded(heartbeat.load_average, -1)},
      {"availablePhysicalMemorySize", rounded(heartbeat.available_memory_gib, 0)},
      {"maxCpuloadAvg", rounded(heartbeat.max_cpu_load_avg, 0)},
      {"reservedMemory", rounded(heartbeat.reserved_memory_gib, 0)},
      {"diskAvailable", rounded(heartbeat.disk_available_gib, 0)},
      {"serverStatus", static_cast<int>(server_status(heartbeat))},
      {"processId", heartbeat.process_id},
      {"workerHostWeight", heartbeat.host_weight},
      {"workerWaitingTaskCount", heartbeat.waiting_tasks},
      {"workerExecThreadCount", heartbeat.exec_threads},
  });
}

namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

}  // namespace

class Registration::Impl : public ZookeeperListener,
                           public NodeClaimListener,
                           public std::enable_shared_from_this<Registration::Impl> {
 public:
  Impl(asio::io_context& io, RegistrationOptions options, RegistrationListener& listener)
      : io_(io),
        options_(std::move(options)),
        paths_(node_paths(options_.name_space, options_.address)),
        listener_(listener),
        expiry_(io),
        session_file_(options_.session_file, options_.takeover_allowed),
        startup_time_ms_(options_.startup_time_ms) {}

  void start() {
    const auto saved = load();
    if (!saved) return open(Purpose::kNew, std::nullopt);
    if (!is_ours(*saved)) return open(Purpose::kEnd, saved->session);
    startup_time_ms_ = saved->startup_time_ms;
    session_ = saved->session;
    open(Purpose::kResume, saved->session);
    contact_ = Clock::now();  // when the previous process last heard of a server is not known
    limit_session(Clock::now());
  }

  void refresh() {
    if (claim_) claim_->write();
  }

  Status allow_takeover(bool allowed) { return session_file_.allow(allowed); }

  void give_up(const std::string& why) {
    if (phase_ == Phase::kEnded || phase_ == Phase::kLost) return;
    end_claim();
    doubtful_ = session_;
    client_.reset();
    lose(why);
  }

  void register_again(std::int64_t startup_time_ms) {
    if (phase_ != Phase::kLost) return;
    phase_ = Phase::kConnecting;
    startup_time_ms_ = options_.startup_time_ms = startup_time_ms;
    if (client_) {  // it was the node that was lost
      purpose_ = Purpose::kNew;
      if (client_->handle() != nullptr) claim();
    } else {
      // What may be left of the last session would be in the way, for as long as its timeout.
      const auto left = std::exchange(doubtful_, std::nullopt);
      open(left ? Purpose::kEnd : Purpose::kNew, left);
    }
  }

  void close() {
    const bool connected = client_ && client_->handle() != nullptr;
    end_claim();
    if (client_) client_->close();
    end();
    if (connected) forget();
  }

  void end() {
    phase_ = Phase::kEnded;
    end_claim();
    client_.reset();
    expiry_.cancel();
  }

 private:
  enum class Purpose {
    kNew,
    kResume,  // take over the session of the previous process
    kEnd,     // take a session over only to end it: its tasks are gone, and masters should know at once
  };
  // One look at all nodes of masters.
  struct MastersLook {
    std::size_t left = 0;
    bool failed = false;  // the connection broke: the next one looks again
    std::vector<std::string> masters;
  };
  enum class Phase {
    kConnecting,  // and claiming the node
    kRegistered,
    kSuspended,
    kLost,  // until register_again()
    kEnded,
  };

  std::optional<SavedSession> load() {
    if (options_.session_file.empty()) return std::nullopt;
    auto saved = load_session(options_.session_file);
    if (saved) return *std::move(saved);
    listener_.on_log(saved.error().to_string());
    return std::nullopt;
  }

  bool is_ours(const SavedSession& saved) const {
    const auto servers = parse_connect_string(saved.servers);  // others may have joined; another chroot is another tree
    return saved.boot_id == options_.boot_id && saved.address == options_.address &&
           saved.name_space == options_.name_space && servers && servers->chroot == options_.servers.chroot;
  }

  void save() {
    const auto saved = session_file_.keep(
        {session_, options_.servers.text, options_.name_space, options_.address, options_.boot_id, startup_time_ms_});
    if (!saved) listener_.on_log(saved.error().to_string());
  }

  void forget() { session_file_.forget(); }

  void open(Purpose purpose, std::optional<ZookeeperSession> session) {
    purpose_ = purpose;
    client_ = std::make_unique<ZookeeperClient>(
        io_, ZookeeperClient::Options{options_.servers, options_.session_timeout, options_.digest, session}, *this);
  }

  void open_new() {
    forget();
    startup_time_ms_ = options_.startup_time_ms;
    open(Purpose::kNew, std::nullopt);
  }

  // ZookeeperListener

  void on_connected(const ZookeeperSession& session) override {
    if (purpose_ == Purpose::kEnd) {
      client_->close();
      return open_new();
    }
    ++connection_;
    expiry_.cancel();
    session_ = session;
    contact_ = Clock::now();
    if (phase_ == Phase::kLost) return;
    save();
    watch_masters();
    claim();
  }

  void on_disconnected() override {
    ++connection_;
    end_claim();
    if (phase_ == Phase::kRegistered || phase_ == Phase::kSuspended || purpose_ == Purpose::kResume)
      limit_session(Clock::now());
    if (phase_ != Phase::kRegistered) return;
    phase_ = Phase::kSuspended;
    listener_.on_suspended();
  }

  void on_expired() override {
    ++connection_;
    expiry_.cancel();
    if (phase_ == Phase::kConnecting) return open_new();
    client_.reset();
    forget();
    if (phase_ != Phase::kLost) lose("ZooKeeper has ended the session");
  }

  void on_attempt_failed(const Error& error) override {
    if (phase_ == Phase::kConnecting) problem(error);
  }

  void on_changed(const std::string& path) override {
    if (path == paths_.masters) watch_masters();
    if (path == paths_.node && claim_) claim_->changed();
  }

  void on_log(std::string_view line) override { listener_.on_log(line); }

  // NodeClaimListener

  std::string node_text(bool new_node) override {
    // Masters have seen a removal: what the previous process did counts no more.
    if (new_node && purpose_ == Purpose::kResume) startup_time_ms_ = options_.startup_time_ms;
    return listener_.heartbeat(startup_time_ms_);
  }

  void on_claimed(bool created) override {
    const bool reconnected = phase_ == Phase::kSuspended;
    const bool resumed = purpose_ == Purpose::kResume && !created;
    if (purpose_ == Purpose::kResume && created) {
      forget();
      save();
    }
    purpose_ = Purpose::kNew;
    phase_ = Phase::kRegistered;
    said_.reset();
    contested_ = false;
    if (!masters_watched_) watch_masters();
    confirm_session();
    if (reconnected) return listener_.on_reconnected();
    warn_of_timeout();
    listener_.on_registered(resumed, startup_time_ms_);
  }

  void on_written(Clock::time_point sent) override {
    contact_ = sent;
    confirm_session();
  }

  void on_claim_failed(const Error& error) override {
    if (error.code() == ErrorCode::kNotFound && !options_.servers.chroot.empty())
      return problem(error.wrap("there is no node " + options_.servers.chroot + ", the chroot of the connect string"));
    problem(error);
  }

  void on_lost(const std::string& why, bool to_rival) override {
    contested_ = to_rival;
    lose(why);
  }

  // ---

  void confirm_session() {
    if (phase_ == Phase::kRegistered) listener_.on_alive(contact_, session_.timeout);
  }

  void claim() {
    const bool expected = phase_ == Phase::kSuspended;
    const milliseconds heartbeat_interval = std::min(options_.heartbeat_interval, session_.timeout / 3);
    NodeClaim::Options options{paths_,   options_.address, session_.id, heartbeat_interval, options_.rival_wait,
                               expected, contested_};
    claim_ = std::make_unique<NodeClaim>(io_, *client_->handle(), std::move(options), *this);
  }

  void end_claim() {
    claim_.reset();
    masters_watched_ = false;
  }

  void lose(std::string_view why) {
    phase_ = Phase::kLost;
    said_.reset();
    claim_.reset();
    expiry_.cancel();
    listener_.on_expired(why);
  }

  void problem(const Error& error) {
    if (std::exchange(said_, error.code()) != error.code()) listener_.on_problem(error);
  }

  // While no server is reached no event says that the session has ended, but it does: a timeout after a server last
  // heard of us. That was our last heartbeat, or a ping; the C client ends a connection that was silent for 2/3 of the
  // timeout.
  void limit_session(Clock::time_point suspended) {
    const auto contact = std::max(contact_, suspended - session_.timeout * 2 / 3);
    expiry_.expires_at(contact + session_.timeout);
    expiry_.async_wait([weak = weak_from_this()](const boost::system::error_code& failure) {
      const auto self = weak.lock();
      if (self && !failure && self->phase_ != Phase::kEnded && self->phase_ != Phase::kLost) self->presume_expired();
    });
  }

  void presume_expired() {
    if (Clock::now() < expiry_.expiry() || (client_ && client_->handle() != nullptr)) return;  // just in time
    give_up("no ZooKeeper server was reached for as long as the session lasts, " + in_seconds(session_.timeout));
  }

  void watch_masters() {
    ZookeeperHandle* const zookeeper = client_ ? client_->handle() : nullptr;
    if (zookeeper == nullptr) return;
    masters_watched_ = true;
    zookeeper->children(paths_.masters, true, [weak = weak_from_this(), connection = connection_](auto result) {
      const auto self = weak.lock();
      if (self && self->phase_ != Phase::kEnded && self->connection_ == connection)
        self->take_masters(std::move(result));
    });
  }

  // Names alone say nothing: whoever may write below the node could have left one there.
  void take_masters(Result<std::vector<std::string>> masters) {
    masters_watched_ = masters.has_value();
    ZookeeperHandle* const zookeeper = client_ ? client_->handle() : nullptr;
    if (!masters || zookeeper == nullptr) return;
    warn_of_open_nodes(*zookeeper);
    const auto look = std::make_shared<MastersLook>();
    look->left = masters->size();
    look_ = look;
    if (masters->empty()) return tell_masters(*look);
    for (const std::string& master : *masters)
      zookeeper->look(paths_.masters + "/" + master,
                      [weak = weak_from_this(), look, master](const Result<std::optional<ZookeeperNode>>& node) {
                        const auto self = weak.lock();
                        if (self && self->phase_ != Phase::kEnded && self->look_ == look)
                          self->take_master(*look, master, node);
                      });
  }

  void take_master(MastersLook& look, const std::string& master, const Result<std::optional<ZookeeperNode>>& node) {
    look.failed |= !node;
    if (node && *node && is_ephemeral(**node)) look.masters.push_back(master);
    if (node && *node && !is_ephemeral(**node) && no_masters_.insert(master).second)
      listener_.on_warning("the node " + paths_.masters + "/" + master +
                           " is not ephemeral, so no master has made it: it is ignored");
    if (--look.left == 0 && !look.failed) tell_masters(look);
  }

  void tell_masters(MastersLook& look) {
    std::sort(look.masters.begin(), look.masters.end());
    if (masters_ == look.masters) return;
    masters_ = look.masters;
    listener_.on_masters(*masters_);
  }

  void warn_of_open_nodes(ZookeeperHandle& zookeeper) {
    if (std::exchange(looked_at_acl_, true)) return;
    zookeeper.is_open(paths_.masters, [weak = weak_from_this()](const Result<bool>& open) {
      const auto self = weak.lock();
      if (!self || self->phase_ == Phase::kEnded) return;
      if (!open) self->looked_at_acl_ = false;  // the next connection asks again
      if (open && *open)
        self->listener_.on_warning("everybody who reaches ZooKeeper may make nodes in " + self->paths_.masters +
                                   ", and whoever does is a master to this worker: give the masters and the worker "
                                   "(zookeeper-digest) a digest and close the node, or close ZooKeeper's port");
    });
  }

  void warn_of_timeout() {
    if (session_.timeout == options_.session_timeout) return;
    listener_.on_warning("ZooKeeper has granted a session of " + in_seconds(session_.timeout) + " where " +
                         in_seconds(options_.session_timeout) +
                         " were asked for (zookeeper-session-timeout): its minSessionTimeout and maxSessionTimeout, or "
                         "its tickTime, say so");
  }

  asio::io_context& io_;
  RegistrationOptions options_;
  const NodePaths paths_;
  RegistrationListener& listener_;
  asio::steady_timer expiry_;
  SessionFile session_file_;
  std::int64_t startup_time_ms_;
  Purpose purpose_ = Purpose::kNew;
  Phase phase_ = Phase::kConnecting;
  ZookeeperSession session_;
  std::optional<ZookeeperSession> doubtful_;  // a session that may have ended
  Clock::time_point contact_;                 // a server has heard of us at this time or later
  std::uint64_t connection_ = 0;              // answers of an earlier one are ignored
  std::optional<ErrorCode> said_;             // the problem that the listener knows of
  bool contested_ = false;
  std::optional<std::vector<std::string>> masters_;
  bool masters_watched_ = false;
  std::shared_ptr<MastersLook> look_;  // the latest
  std::set<std::string> no_masters_;   // nodes that were warned of
  bool looked_at_acl_ = false;
  std::unique_ptr<ZookeeperClient> client_;
  std::unique_ptr<NodeClaim> claim_;  // goes before the client
};

Registration::Registration(asio::io_context& io, RegistrationOptions options, RegistrationListener& listener)
    : impl_(std::make_shared<Impl>(io, std::move(options), listener)) {}

Registration::~Registration() { impl_->end(); }
void Registration::start() { impl_->start(); }
void Registration::refresh() { impl_->refresh(); }
void Registration::register_again(std::int64_t startup_time_ms) { impl_->register_again(startup_time_ms); }
Status Registration::allow_takeover(bool allowed) { return impl_->allow_takeover(allowed); }
void Registration::give_up(const std::string& why) { impl_->give_up(why); }
void Registration::close() { impl_->close(); }

}  // namespace porpoise
