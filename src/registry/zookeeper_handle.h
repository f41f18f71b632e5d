// One session with ZooKeeper through its C client, and the log lines of that client.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

// Lines of the ZooKeeper C library's log, instead of on stderr. Its callback has no context argument, so this is one
// list per process: every ZookeeperLog that lives hears every line.
//
// Any thread; lines come on the thread that called the library.
class ZookeeperLog {
 public:
  using Line = std::function<void(std::string line)>;

  explicit ZookeeperLog(Line line);
  ZookeeperLog(const ZookeeperLog&) = delete;
  ZookeeperLog& operator=(const ZookeeperLog&) = delete;
  ~ZookeeperLog();

  // What zookeeper_init2 takes.
  static void (*callback())(const char* message);

 private:
  std::list<Line>::iterator place_;
};

// "2024-01-31 12:00:00,000:7(0x7f):ZOO_WARN@connect@12: text" -> "text".
std::string strip_log_prefix(std::string_view message);

// Why a connection failed, from a line about a socket: "10.0.0.1:2181: Connection refused". Empty: it is about
// something else. For people only: the C client has no other place where it says that.
std::string connection_problem(std::string_view line);

// One handle of the ZooKeeper C client. Lives on the thread of its io_context, which must be the same for all handles
// of a process: the library logs through one buffer. Nothing is called from inside a call into this class.
//
// The servers are given as numbers. The library would resolve names in its calls, and block; zookeeper_client.h does.
struct ZookeeperSession {
  std::int64_t id = 0;
  std::array<char, 16> password{};
  std::chrono::milliseconds timeout{0};  // as the server granted it
};

struct ZookeeperNode {
  std::string data;
  std::int32_t version = 0;
  std::int64_t created_zxid = 0;
  std::int64_t modified_zxid = 0;
  std::int64_t modified_ms = 0;  // epoch, by the clock of the server that led then
  std::int64_t ephemeral_owner = 0;  // a session id; 0: the node is persistent
};

// Whether it goes with the session that made it, as a server's does: not a container or one with a time to live, whose
// owner is a mark (ZooKeeper `EphemeralType`).
bool is_ephemeral(const ZookeeperNode& node);

enum class NodeMode { kPersistent, kEphemeral };

class ZookeeperHandle {
 public:
  template <typename T>
  using Handler = std::function<void(Result<T>)>;
  enum class State { kConnected, kDisconnected, kExpired, kAuthFailed };  // the last two are final

  struct Options {
    std::string servers;  // "10.0.0.1:2181,10.0.0.2:2181/chroot"
    std::chrono::milliseconds session_timeout{0};
    std::string digest;  // "user:password", or empty; also decides who may touch created nodes
    std::optional<ZookeeperSession> resume;
  };
  struct Events {
    std::function<void(State, const ZookeeperSession&)> on_state;
    std::function<void(const std::string& path)> on_changed;  // a watched node: once, then it must be watched anew
    // What the C library says. It has one log for the process, so every handle hears the others' lines too.
    std::function<void(std::string_view line)> on_log;
  };

  static Result<std::unique_ptr<ZookeeperHandle>> open(boost::asio::io_context& io, const Options& options,
                                                       Events events);
  ZookeeperHandle(const ZookeeperHandle&) = delete;
  ZookeeperHandle& operator=(const ZookeeperHandle&) = delete;
  // Lets go of the session without ending it: it lives on in the server until it times out. Outstanding calls are
  // forgotten, and no event comes any more.
  ~ZookeeperHandle();

  // Ends the session, if connected, so that its nodes are gone at once. Blocks for up to 4.5 s when the server hangs.
  void close();

  std::string server() const;  // "10.0.0.1:2181": the one it is connected to or tries

  // Results that are expected are values; errors have kUnavailable (lost), kDenied (ACL), kNotFound or kInvalid.
  void get(const std::string& path, bool watch, Handler<std::optional<ZookeeperNode>> handler);  // nullopt: no node
  void look(const std::string& path, Handler<std::optional<ZookeeperNode>> handler);             // without its data
  // Whether everybody may make nodes below this one.
  void is_open(const std::string& path, Handler<bool> handler);
  void children(const std::string& path, bool watch, Handler<std::vector<std::string>> handler);
  void create(const std::string& path, const std::string& data, NodeMode mode, Handler<bool> handler);  // false: exists
  // The new version; nullopt: no such node, or it has another version.
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Handler<std::optional<std::int32_t>> handler);
  // False: it has another version. That it is gone already counts as removed.
  void remove(const std::string& path, std::int32_t version, Handler<bool> handler);

 private:
  class Impl;
  explicit ZookeeperHandle(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;  // posted handlers only have weak pointers to it
};

}  // namespace porpoise
