#include "worker/peer_authorizer.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/network_address.h"
#include "base/resolve.h"
#include "net/connection.h"
#include "process/process_info.h"
#include "process/socket_owner.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

bool is_same(const HostPort& left, const HostPort& right) { return left.host == right.host && left.port == right.port; }

tl::unexpected<Error> refusal() { return fail(ErrorCode::kDenied, "no master is registered with this address"); }

}  // namespace

PeerAuthorizer::PeerAuthorizer(asio::io_context& io, AddressRanges named, GateLimits limits)
    : io_(io), named_(std::move(named)), limits_(limits), resolver_(io), timer_(io) {}

void PeerAuthorizer::set_named(AddressRanges named) {
  named_ = std::move(named);
  release();
}

void PeerAuthorizer::set_registered(const std::vector<std::string>& masters) {
  masters_.clear();
  names_.clear();
  ends_.clear();
  for (const std::string& master : masters) {
    const auto parsed = parse_host_port(master);
    if (!parsed) continue;  // not a master's node; masters check their own
    if (const auto address = parse_ip(parsed->host))
      add({*address, parsed->port});
    else
      names_.push_back(*parsed);
  }
  resolve_names();
  release();
}

void PeerAuthorizer::add(const SocketEnd& master) {
  masters_.insert(master.address);
  const bool known = std::any_of(ends_.begin(), ends_.end(), [&](const SocketEnd& end) {
    return end.address == master.address && end.port == master.port;
  });
  if (!known) ends_.push_back(master);
}

// One name after the other; what a name meant before stays until the list of masters changes.
void PeerAuthorizer::resolve_names() {
  if (names_.empty() || std::exchange(resolving_, true)) return;
  auto next = std::make_shared<std::function<void(std::size_t)>>();
  *next = [this, weak = std::weak_ptr(next), names = names_](std::size_t index) {
    if (index == names.size()) {
      resolving_ = false;
      if (!std::equal(names.begin(), names.end(), names_.begin(), names_.end(), is_same)) resolve_names();
      return;
    }
    const auto take = [this, self = weak.lock(), index, name = names[index]](const auto& problem, const auto& found) {
      if (problem == asio::error::operation_aborted) return;  // we are gone
      const bool still_registered =
          std::any_of(names_.begin(), names_.end(), [&](const HostPort& one) { return is_same(one, name); });
      for (const auto& entry : found)
        if (still_registered) add({ip_bytes(entry.endpoint().address()), name.port});
      release();
      (*self)(index + 1);
    };
    resolve_name(resolver_, names[index].host, "", take);
  };
  (*next)(0);
}

void PeerAuthorizer::ask(const IpBytes& peer, Answer answer) {
  if (knows(peer)) return asio::post(io_, [answer = std::move(answer)] { answer({}); });
  if (waiting_.size() >= limits_.max_waiting)
    return asio::post(io_, [answer = std::move(answer)] { answer(refusal()); });
  waiting_.push_back({peer, std::move(answer), steady_clock::now() + limits_.patience});
  if (waiting_.size() == 1) arm();
  resolve_names();
}

void PeerAuthorizer::release() {
  std::deque<Waiting> known, others;
  for (Waiting& one : waiting_) (knows(one.peer) ? known : others).push_back(std::move(one));
  waiting_ = std::move(others);
  for (Waiting& one : known) asio::post(io_, [answer = std::move(one.answer)] { answer({}); });
}

void PeerAuthorizer::arm() {
  if (waiting_.empty()) return;
  timer_.expires_at(waiting_.front().until);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) refuse_overdue();
  });
}

void PeerAuthorizer::refuse_overdue() {
  while (!waiting_.empty() && waiting_.front().until <= steady_clock::now()) {
    const Waiting late = std::move(waiting_.front());
    waiting_.pop_front();
    late.answer(refusal());
  }
  arm();
}

// --- LocalPeers ---

namespace {

constexpr std::chrono::seconds kLookLimit{5};
constexpr BlockingCallLimits kLookLimits{.threads = 1, .max_hung = 4, .max_wait = kLookLimit};

Error not_told() { return {ErrorCode::kUnavailable, "the kernel does not tell who holds a socket"}; }

tl::unexpected<Error> refuse(std::string why) { return fail(ErrorCode::kDenied, std::move(why)); }

std::optional<IpBytes> ip_bytes(const sockaddr* address) {
  IpBytes bytes{};
  if (address != nullptr && address->sa_family == AF_INET6) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, bytes.size());
    return bytes;
  }
  if (address == nullptr || address->sa_family != AF_INET) return std::nullopt;
  bytes[10] = bytes[11] = 0xFF;
  std::memcpy(bytes.data() + 12, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, 4);
  return bytes;
}

bool is_loopback(const IpBytes& address) {
  static const AddressRanges kLoopback = AddressRanges::parse("127.0.0.0/8, ::1").value_or(AddressRanges());
  return kLoopback.contains(address);
}

// Of the interfaces of this machine, as this network namespace has them.
bool is_own(const IpBytes& address) {
  if (is_loopback(address)) return true;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(first, &::freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next)
    if (ip_bytes(one->ifa_addr) == address) return true;
  return false;
}

// Hosts, and whatever else this process has become the parent of: what a dead host left (PR_SET_CHILD_SUBREAPER).
std::vector<pid_t> roots_of_tasks(std::vector<pid_t> hosts) {
  const pid_t session = ::getsid(0);
  for (const pid_t child : children_of(::getpid()))
    if (const auto process = read_process(child); process && process->session != session) hosts.push_back(child);
  return hosts;
}

// Who runs the masters of this machine. A task that listens where it has registered itself is none.
Result<std::set<uid_t>> users_of_masters(const std::vector<SocketEnd>& masters, const ProcessTrees& tasks) {
  std::set<uid_t> users;
  for (const SocketEnd& master : masters) {
    if (!is_own(master.address)) continue;
    PORPOISE_TRY(const auto owners, listener_owners(master));
    for (const SocketOwner& owner : owners) {
      PORPOISE_TRY(const bool is_of_task, is_held_by(owner.inode, tasks.pids));
      if (!is_of_task) users.insert(owner.uid);
    }
  }
  return users;
}

}  // namespace

Status judge_local_peer(const LocalPeerQuestion& question) {
  PORPOISE_TRY(const auto owner, socket_owner(question.peer, question.own));
  if (!owner) {
    if (!is_loopback(question.peer.address) && question.peer.address != question.own.address) return {};
    PORPOISE_TRY(const auto own, listener_owners(question.own));
    if (own.empty()) return fail(not_told());
    return refuse("it has closed its end already");
  }
  if (owner->inode == 0) return refuse("it has closed its end already");
  PORPOISE_TRY(const ProcessTrees tasks, trees_of(roots_of_tasks(question.hosts)));
  if (owner->uid != 0 && owner->uid != ::geteuid()) {
    PORPOISE_TRY(const auto users, users_of_masters(question.masters, tasks));
    if (!users.contains(owner->uid))
      return refuse("it is a process of this machine, of the user " + std::to_string(owner->uid) +
                    ", who runs no registered master here");
  }
  PORPOISE_TRY(const bool is_of_task, is_held_by(owner->inode, tasks.pids));
  if (is_of_task) return refuse("it is a process of a task");
  // A descriptor may be on its way between processes, or in one that may not be looked into.
  if (!tasks.users.contains(owner->uid)) return {};
  PORPOISE_TRY(const bool is_of_another, is_held_outside(owner->inode, tasks.pids));
  if (!is_of_another) return refuse("its process is not seen, and may be one of a task, which run as the same user");
  return {};
}

Status judge_local_peer_apart(const LocalPeerQuestion& question) {
  Status may;
  if (run_with_free_descriptors([&] { may = judge_local_peer(question); })) return may;
  return judge_local_peer(question);
}

LocalPeers::LocalPeers(boost::asio::io_context& io, const TaskExecutor& executor, Log& log)
    : executor_(executor), log_(log), calls_(io, kLookLimits) {}

void LocalPeers::check(const SocketEnd& listening) {
  const auto owners = listener_owners(listening);
  if (!owners) return say_blind(owners.error());
  if (owners->empty()) say_blind(not_told());
}

void LocalPeers::say_blind(const Error& why) {
  if (std::exchange(said_, true)) return;
  log_.warn(why.message() +
            ": who connects from this machine is judged by address alone, so a task may dispatch tasks "
            "where a master of this machine may");
}

void LocalPeers::judge(const SocketEnd& peer, const SocketEnd& own, std::vector<SocketEnd> masters, Answer answer) {
  using Blind = std::optional<Error>;  // none: it may
  const auto look = [question =
                         LocalPeerQuestion{peer, own, std::move(masters), executor_.hosts()}]() -> Result<Blind> {
    const Status may = judge_local_peer_apart(question);
    if (may) return Blind();
    if (may.error().code() == ErrorCode::kUnavailable) return Blind(may.error());
    return fail(may.error());
  };
  calls_.call("a look at who connects", kLookLimit, look,
              [this, look, answer = std::move(answer)](Result<Blind> blind) {
                // No thread is to be had: a moment's work here is better than a dispatch that is lost.
                if (!blind && blind.error().code() == ErrorCode::kUnavailable && calls_.hung() == 0) blind = look();
                if (!blind) return answer(fail(blind.error()));
                if (*blind) say_blind(**blind);
                answer({});
              });
}

}  // namespace porpoise
