// The worker's node in ZooKeeper: the session that owned it before a restart, and how it is claimed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "registry/zookeeper_handle.h"

namespace porpoise {

// The ZooKeeper session of this worker on disk, so that a restarted one takes it over and no master sees a removal.
//
// A value, free functions that read and write one small file, and the file of one worker.
struct SavedSession {
  ZookeeperSession session;
  std::string servers;  // the connect string
  std::string name_space;
  std::string address;
  std::string boot_id;  // of the machine: after a reboot no task lives, and masters should know at once
  std::int64_t startup_time_ms = 0;
};

// Mode 0600: a process that knows the password can end the session.
Status save_session(const std::filesystem::path& file, const SavedSession& saved);

// Nothing when there is no such file; an error when it is damaged.
Result<std::optional<SavedSession>> load_session(const std::filesystem::path& file);

// The file of one worker: it has the session that a later process may take over, or it is not there.
//
// Owned by Registration; any thread. What may wait is one small write to the state folder.
class SessionFile {
 public:
  // An empty path: there is no file, ever.
  SessionFile(std::filesystem::path file, bool allowed) : file_(std::move(file)), allowed_(allowed) {}

  const std::filesystem::path& path() const { return file_; }
  // This session lives now: writes it, if that is allowed.
  Status keep(SavedSession session);
  // It has ended.
  void forget();
  // Whether it may be taken over. On disk when this returns.
  Status allow(bool allowed);

 private:
  Status write();
  void remove();

  const std::filesystem::path file_;
  std::mutex mutex_;
  bool allowed_;
  std::optional<SavedSession> session_;
};

// The node /<namespace>/nodes/worker/<address> of one session while it is connected: makes it, or finds the one that
// the session has already; then writes heartbeats into it and notices when another process takes it away.
//
// A node of another session is left over from a dead process, or belongs to a rival that was given the same address. It
// is replaced when no process writes to it for a while; a rival is not fought but reported, and waited for.
//
// Owned by Registration, which makes a new one after every connect; on the thread of the io_context. The listener may
// destroy it in any of its functions.
struct NodePaths {
  std::string workers;
  std::string masters;
  std::string node;
};
NodePaths node_paths(const std::string& name_space, const std::string& address);

class NodeClaimListener {
 public:
  virtual ~NodeClaimListener() = default;
  virtual std::string node_text(bool new_node) = 0;  // what to write; empty: nothing now
  virtual void on_claimed(bool created) = 0;
  virtual void on_written(std::chrono::steady_clock::time_point sent) = 0;
  virtual void on_claim_failed(const Error& error) = 0;             // it keeps trying; kCancelled: there is a rival
  virtual void on_lost(const std::string& why, bool to_rival) = 0;  // it was ours; it does no more
};

class NodeClaim {
 public:
  struct Options {
    NodePaths paths;
    std::string address;
    std::int64_t session_id = 0;
    std::chrono::milliseconds heartbeat_interval{0};
    std::chrono::milliseconds rival_wait{0};
    bool expected = false;   // masters have seen the node of this session: when it is gone, it is lost
    bool contested = false;  // a rival took the node from us
  };

  // `zookeeper` is connected, and outlives this.
  NodeClaim(boost::asio::io_context& io, ZookeeperHandle& zookeeper, Options options, NodeClaimListener& listener);
  NodeClaim(const NodeClaim&) = delete;
  NodeClaim& operator=(const NodeClaim&) = delete;
  ~NodeClaim();

  void write();    // a heartbeat now, besides those that come by themselves
  void changed();  // the watch of the node fired

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace porpoise
