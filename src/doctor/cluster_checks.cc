// What the cluster says: the session with ZooKeeper, who may write there, the clocks of servers and masters, and how
// masters reach this worker.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/json.h"
#include "base/network_address.h"
#include "doctor/doctor.h"
#include "registry/zookeeper_client.h"
#include "store/data_dir_lock.h"
#include "worker/worker_environment.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;

constexpr const char* kZookeeper = "ZooKeeper";
constexpr const char* kAddress = "address";
constexpr std::size_t kMaxMasters = 8;  // that are looked at; more say nothing new
constexpr int kConnectLimitMs = 2000;

struct Master {
  std::string address;           // as registered
  std::int64_t reported_ms = 0;  // of its last heartbeat, by its clock; 0: it says none
};

// One session, asked one question after the other.
//
// Owned by check_cluster(), on its thread, which runs the io_context until the last answer or the limit.
class ClusterExam final : public ZookeeperListener {
 public:
  ClusterExam(const WorkerConfig& config, std::chrono::milliseconds limit)
      : config_(config), limit_(limit), root_("/" + config.zookeeper_namespace) {}

  void run() {
    auto servers = parse_connect_string(config_.zookeeper);
    if (!servers) return say(Verdict::kFault, servers.error().to_string(), "mend the key 'zookeeper'");
    ZookeeperClient::Options options{
        *std::move(servers), config_.zookeeper_session_timeout, config_.zookeeper_digest, {}};
    client_ = std::make_unique<ZookeeperClient>(io_, std::move(options), *this);
    asio::steady_timer timer(io_, limit_);
    timer.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) too_late();
    });
    io_.run();
    client_->close();
    client_.reset();
  }

  Findings findings;
  std::vector<Master> masters;

 private:
  using Node = std::optional<ZookeeperNode>;

  void say(Verdict verdict, std::string what, std::string mend = {}) {
    findings.push_back({verdict, kZookeeper, std::move(what), std::move(mend)});
  }
  void end() { io_.stop(); }

  void too_late() {
    const std::string servers =
        config_.zookeeper + (connected_ ? " answers no more" : " gives no session") + " within " + in_seconds(limit_);
    say(Verdict::kFault, servers + (problem_.empty() ? "" : ": " + problem_),
        "start ZooKeeper, open the way to it, or mend the key 'zookeeper'");
    end();
  }

  void on_connected(const ZookeeperSession& session) override {
    if (std::exchange(connected_, true)) return;
    const auto& asked = config_.zookeeper_session_timeout;
    const std::string text = config_.zookeeper + " gives a session of " + in_seconds(session.timeout);
    if (session.timeout == asked)
      say(Verdict::kOk, text);
    else
      say(Verdict::kWarning, text + ", not the " + in_seconds(asked) + " of the key 'zookeeper-session-timeout'",
          "mind that, or set minSessionTimeout and maxSessionTimeout of the servers");
    client_->handle()->look(root_, [this](const Result<Node>& node) { root_seen(node); });
  }
  void on_disconnected() override { problem_ = "the connection is lost"; }
  void on_expired() override {
    say(Verdict::kFault, "the session is refused or has ended at once",
        "look at the key 'zookeeper-digest', and at the servers' logs");
    end();
  }
  void on_attempt_failed(const Error& error) override { problem_ = error.to_string(); }
  void on_changed(const std::string& /*path*/) override {}
  void on_log(std::string_view line) override {
    if (const std::string why = connection_problem(line); !why.empty()) problem_ = why;
  }

  // False when the connection is gone: the timer, or another error, says so then.
  bool failed(const Error& error, const std::string& what) {
    const bool denied = error.code() == ErrorCode::kDenied;
    say(Verdict::kFault, what + ": " + error.to_string(),
        denied ? "set the key 'zookeeper-digest' to a user whom the ACL lets in" : "look at the servers' logs");
    end();
    return false;
  }

  void root_seen(const Result<Node>& node) {
    if (!node) return (void)failed(node.error(), "cannot read " + root_);
    if (!*node) {
      say(Verdict::kWarning, "there is no " + root_ + ": no master has ever registered under this namespace",
          "start a master, or mend the key 'zookeeper-namespace' (registry.zookeeper.namespace)");
      return end();
    }
    probe_ = root_ + "/porpoise-doctor-" + std::to_string(std::random_device()());
    asked_ms_ = wall_ms();
    client_->handle()->create(probe_, "", NodeMode::kEphemeral, [this](const Result<bool>& made) { probe_made(made); });
  }

  void probe_made(const Result<bool>& made) {
    if (!made) return (void)failed(made.error(), "cannot make a node in " + root_);
    const std::int64_t here_ms = asked_ms_ + (wall_ms() - asked_ms_) / 2;
    say(Verdict::kOk, "nodes can be made in " + root_);
    client_->handle()->look(probe_, [this, here_ms](const Result<Node>& node) {
      if (node && *node) findings.push_back(judge_clock("the clock of ZooKeeper", here_ms - (*node)->modified_ms));
      client_->handle()->remove(probe_, -1, [this](const Result<bool>&) { ask_for_acl(); });
    });
  }

  void ask_for_acl() {
    client_->handle()->is_open(root_ + "/nodes/master", [this](const Result<bool>& open) {
      if (open && *open)
        say(Verdict::kWarning,
            "everybody who reaches ZooKeeper can register as a master, and give tasks to this worker",
            "let only the cluster's machines reach ZooKeeper, or protect " + root_ +
                " by ACLs and set 'zookeeper-digest'");
      client_->handle()->children(root_ + "/nodes/master", false,
                                  [this](const Result<std::vector<std::string>>& names) { masters_seen(names); });
    });
  }

  void masters_seen(const Result<std::vector<std::string>>& names) {
    if (!names && names.error().code() != ErrorCode::kNotFound)
      return (void)failed(names.error(), "cannot list the masters");
    if (!names || names->empty()) {
      say(Verdict::kWarning, "no master is registered", "start one: nobody would give tasks to this worker");
      return end();
    }
    say(Verdict::kOk,
        std::to_string(names->size()) + (names->size() == 1 ? " master is registered" : " masters are registered"));
    open_ = std::min(names->size(), kMaxMasters);
    for (std::size_t i = 0; i < open_; ++i)
      client_->handle()->get(root_ + "/nodes/master/" + (*names)[i], false,
                             [this, name = (*names)[i]](const Result<Node>& node) {
                               if (node && *node) masters.push_back({name, reported_ms((*node)->data)});
                               if (--open_ == 0) end();
                             });
  }

  // 3.1 `MasterHeartBeat`.
  static std::int64_t reported_ms(const std::string& heartbeat) {
    const auto json = parse_json(heartbeat);
    return json && json->is_object() ? integer_or(*json, "reportTime", 0) : 0;
  }

  const WorkerConfig& config_;
  const std::chrono::milliseconds limit_;
  const std::string root_;
  asio::io_context io_{1};
  std::unique_ptr<ZookeeperClient> client_;
  bool connected_ = false;
  std::string problem_;  // of the last attempt
  std::string probe_;
  std::int64_t asked_ms_ = 0;
  std::size_t open_ = 0;
};

// --- How masters reach this worker.

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

// IPv4, as addresses of 3.1 are. Blocks on the name service.
Result<Addresses> resolve(const HostPort& where) {
  addrinfo wish{};
  wish.ai_family = AF_INET;
  wish.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int problem = ::getaddrinfo(where.host.c_str(), std::to_string(where.port).c_str(), &wish, &list);
  if (problem == 0) return Addresses(list);
  return fail(ErrorCode::kNotFound, where.host + " has no address: " + ::gai_strerror(problem));
}

std::string text_of(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
  return text;
}

std::string host_of(const Addresses& addresses) {
  sockaddr_in address{};
  std::memcpy(&address, addresses->ai_addr, sizeof address);
  return text_of(address);
}

// The address of this machine on the way there; a socket for datagrams finds it without sending one.
std::string source_towards(const Addresses& there) {
  const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in here{};
  socklen_t size = sizeof here;
  if (!fd || ::connect(fd.get(), there->ai_addr, there->ai_addrlen) != 0) return {};
  void* const raw = &here;
  return ::getsockname(fd.get(), static_cast<sockaddr*>(raw), &size) == 0 ? text_of(here) : std::string();
}

Status connect_to(const Addresses& there) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail_errno("cannot make a socket", errno);
  if (::connect(fd.get(), there->ai_addr, there->ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return fail_errno("no connection", errno);
  pollfd ready{fd.get(), POLLOUT, 0};
  if (::poll(&ready, 1, kConnectLimitMs) <= 0)
    return fail(ErrorCode::kTimeout, "no answer within " + in_seconds(std::chrono::milliseconds(kConnectLimitMs)));
  int problem = 0;
  socklen_t size = sizeof problem;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
  return problem == 0 ? Status() : Status(fail_errno("no connection", problem));
}

// Listens as a worker would; EADDRINUSE while another program does.
Result<UniqueFd> listen_on(const HostPort& where) {
  PORPOISE_TRY(const Addresses addresses, resolve(where));
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd.get(), addresses->ai_addr, addresses->ai_addrlen) != 0 || ::listen(fd.get(), 4) != 0)
    return fail_errno("cannot listen on " + where.host + ":" + std::to_string(where.port), errno);
  return fd;
}

Finding judge_port_in_use(const WorkerConfig& config, const Error& why) {
  const auto lock = DataDirLock::take(std::filesystem::absolute(config.data_dir));
  if (!lock && lock.error().code() == ErrorCode::kUnavailable)
    return {Verdict::kOk, "port", "a worker has it: " + lock.error().to_string()};
  return {Verdict::kFault, "port", why.to_string(),
          "end the program that has the port (ss -ltnp), or choose another with the key 'listen'"};
}

// Whether the address that masters are told leads to this machine. While nothing listens there, we do.
Findings check_address(const WorkerConfig& config, const std::string& address) {
  Findings findings;
  const auto listen = parse_host_port(config.listen);
  const auto told = parse_host_port(address);
  if (!listen || !told)
    return {{Verdict::kFault, kAddress, (listen ? told : listen).error().to_string(),
             "mend the keys 'listen' and 'advertise-address'"}};
  const auto listener = listen_on(*listen);
  if (listener)
    findings.push_back({Verdict::kOk, "port", config.listen + " is free"});
  else
    findings.push_back(judge_port_in_use(config, listener.error()));
  const auto there = resolve(*told);
  if (!there) {
    findings.push_back({Verdict::kFault, kAddress, there.error().to_string(),
                        "set the key 'advertise-address' to what masters can reach"});
  } else if (const Status reached = connect_to(*there); reached) {
    findings.push_back(
        {Verdict::kOk, kAddress, "masters are told " + address + ", which leads here from this machine"});
  } else {
    findings.push_back(
        {Verdict::kWarning, kAddress,
         "masters are told " + address + ", which does not lead here from this machine: " + reached.error().to_string(),
         "open the port in the firewall, or set the key 'advertise-address'; behind a gateway that does not lead back "
         "it may be right"});
  }
  return findings;
}

bool is_loopback(const std::string& ip) { return ip.starts_with("127."); }

// What one master sees of this worker.
Finding check_master(const Master& master, const std::string& told) {
  const std::string name = "master " + master.address;
  const auto where = parse_host_port(master.address);
  const auto there = where ? resolve(*where) : Result<Addresses>(fail(where.error()));
  if (!there)
    return {Verdict::kFault, name, there.error().to_string(),
            "let this machine find the names of masters (DNS, /etc/hosts)"};
  if (const Status reached = connect_to(*there); !reached)
    return {Verdict::kFault, name, reached.error().to_string(),
            "start it, or open the way to its port: results could not be told"};
  const auto own = parse_host_port(told);
  const auto ours = own ? resolve(*own) : Result<Addresses>(fail(own.error()));
  if (!ours) return {Verdict::kOk, name, "is reached"};
  const std::string advertised = host_of(*ours);
  const std::string source = source_towards(*there);
  if (is_loopback(advertised) && !is_loopback(host_of(*there)))
    return {Verdict::kFault, name,
            "is another machine, and is told that this worker is at " + told + ", which is that machine itself",
            "set the key 'advertise-address' to " + source + ":" + std::to_string(own->port)};
  if (!source.empty() && source != advertised && !is_loopback(source))
    return {Verdict::kWarning, name, "sees this machine as " + source + ", and is told " + told,
            "right where that is forwarded here (NAT, a container's port); else set the key 'advertise-address' to " +
                source + ":" + std::to_string(own->port)};
  return {Verdict::kOk, name, "is reached, and sees this machine at the address that it is told"};
}

}  // namespace

Findings check_cluster(const Patient& patient, const DoctorLimits& limits) {
  const WorkerConfig& config = patient.settings.config;
  ClusterExam exam(config, limits.zookeeper);
  exam.run();
  Findings findings = std::move(exam.findings);
  const auto address = own_address(config, patient.environment);
  if (!address) {
    findings.push_back({Verdict::kFault, kAddress, address.error().to_string(), "set the key 'advertise-address'"});
    return findings;
  }
  for (Finding& finding : check_address(config, *address)) findings.push_back(std::move(finding));
  for (const Master& master : exam.masters) {
    findings.push_back(check_master(master, *address));
    if (master.reported_ms > 0)
      findings.push_back(judge_clock("the heartbeat of master " + master.address, wall_ms() - master.reported_ms));
  }
  return findings;
}

}  // namespace porpoise
