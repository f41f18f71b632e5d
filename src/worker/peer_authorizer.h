// Whether a peer may give this worker tasks: by its address, and, where that says nothing because it is this machine's
// own, by its process. FrameRouter asks both, one after the other, before a body is held. Control thread, except where a
// function says otherwise.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/blocking_calls.h"
#include "base/network_address.h"
#include "base/result.h"
#include "observe/log.h"
#include "worker/task_executor.h"

namespace porpoise {

struct GateLimits {
  std::chrono::milliseconds patience{5000};  // ZooKeeper reports a new master within a fraction of that
  std::size_t max_waiting = 4096;
};

// Who may give this worker tasks: the masters that are registered in ZooKeeper, and those an administrator has named.
// (A 3.1 worker asks no peer who it is; its port runs whatever comes.)
//
// Owned by Daemon; the control thread. A master may speak before ZooKeeper has reported it, and a dispatch that
// is lost hangs for ever; so an unknown peer waits for a moment, with what it sends unread in its connection.
class PeerAuthorizer {
 public:
  using Answer = std::function<void(Status may)>;

  PeerAuthorizer(boost::asio::io_context& io, AddressRanges named, GateLimits limits = {});
  PeerAuthorizer(const PeerAuthorizer&) = delete;
  PeerAuthorizer& operator=(const PeerAuthorizer&) = delete;

  // All that are registered, "host:port" each. Names are resolved, and again when an unknown peer connects.
  void set_registered(const std::vector<std::string>& masters);

  // Instead of those named so far.
  void set_named(AddressRanges named);

  // Whether a master is registered with this address, or it was named.
  bool knows(const IpBytes& peer) const { return masters_.contains(peer) || named_.contains(peer); }

  // Where masters listen, as far as it is known: those that registered an address, or a name that was resolved.
  const std::vector<SocketEnd>& registered() const { return ends_; }

  // Answers as soon as `peer` is known as a master's address, or, with kDenied, when it is not within the patience or
  // too many wait. Once, and never from inside.
  void ask(const IpBytes& peer, Answer answer);

 private:
  struct Waiting {
    IpBytes peer;
    Answer answer;
    std::chrono::steady_clock::time_point until;
  };
  void add(const SocketEnd& master);
  void resolve_names();
  void release();
  void arm();
  void refuse_overdue();

  boost::asio::io_context& io_;
  AddressRanges named_;
  const GateLimits limits_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer timer_;
  std::vector<HostPort> names_;  // of registered masters that did not register an address
  std::vector<SocketEnd> ends_;
  std::set<IpBytes> masters_;
  std::deque<Waiting> waiting_;
  bool resolving_ = false;
};

// What it takes to judge one. Pids of task hosts that live, and where registered masters listen.
struct LocalPeerQuestion {
  SocketEnd peer;
  SocketEnd own;  // end of the same connection
  std::vector<SocketEnd> masters;
  std::vector<pid_t> hosts;
};

// kDenied, with the reason; kUnavailable: the kernel does not tell; kIo: nobody could look. Reads /proc; any thread.
Status judge_local_peer(const LocalPeerQuestion& question);
// The same where this process has no descriptor left; waits for a thread of its own.
Status judge_local_peer_apart(const LocalPeerQuestion& question);

// Whether a peer on this worker's own machine is a master, for its address says nothing there: whatever runs on the
// machine, tasks among it, has the same one. Asked is who made its socket and which process holds it.
//
// Owned by Daemon; the control thread, with the looking on a thread beside it, unless none can be had. A peer
// may be a master when its socket belongs to root, to the worker's own user, or to the user who holds the listening
// socket of a master that is registered on this machine; and when no process of a task holds it. Peers on other
// machines, or in other network namespaces, are not its business. Where the kernel does not tell, the address alone
// decides, and that is said once. The look does without a descriptor of this process, which may have none left; one
// that cannot be done all the same, for want of memory, say, makes nobody a master.
class LocalPeers {
 public:
  // To who asked, for one connection: the rules need not know, so it is no event.
  using Answer = std::function<void(Status may)>;

  // Both are borrowed: `executor` knows the task hosts that live.
  LocalPeers(boost::asio::io_context& io, const TaskExecutor& executor, Log& log);
  LocalPeers(const LocalPeers&) = delete;
  LocalPeers& operator=(const LocalPeers&) = delete;

  // Whether the kernel tells anything, by the socket that this worker listens on; if not, that is said.
  void check(const SocketEnd& listening);

  // Once, and never from inside.
  void judge(const SocketEnd& peer, const SocketEnd& own, std::vector<SocketEnd> masters, Answer answer);

 private:
  void say_blind(const Error& why);

  const TaskExecutor& executor_;
  Log& log_;
  bool said_ = false;
  BlockingCalls calls_;
};

}  // namespace porpoise
