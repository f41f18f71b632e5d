// Whether a peer on this worker's own machine is a master, for its address says nothing there: whatever runs on the
// machine, tasks among it, has the same one. Asked is who made its socket and which process holds it.
//
// Owned by Daemon; the control thread, with the looking on a thread beside it, unless none can be had. A peer
// may be a master when its socket belongs to root, to the worker's own user, or to the user who holds the listening
// socket of a master that is registered on this machine; and when no process of a task holds it. Peers on other
// machines, or in other network namespaces, are not its business. Where the kernel does not tell, the address alone
// decides, and that is said once. The look does without a descriptor of this process, which may have none left; one
// that cannot be done all the same, for want of memory, say, makes nobody a master.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <vector>

#include "base/blocking_calls.h"
#include "base/network_address.h"
#include "base/result.h"
#include "observe/log.h"
#include "worker/task_executor.h"

namespace porpoise {

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
