// `porpoise worker` as a whole: the loop, the Engine in it, and every adapter around them.
//
// Owned by cli/worker.cc; lives on the thread that calls open() and run(), the control thread of all that it owns. What
// looks users up, launches hosts, writes and removes folders, reads logs and talks to ZooKeeper has threads of its own,
// which only post to this one.
//
// It comes to life in this order:
//   1. the log, so that what follows can be said; the time zone, before threads start
//   2. what a worker cannot do without (worker/worker_environment.h), systemd's socket, the plugins
//   3. the port: bound before ZooKeeper is told of it, open to peers only when the worker is registered
//   4. the loop with the rules; everything after it turns the world into events for it, or carries out its actions
//   5. tasks: their state on disk, their hosts, their alerts
//   6. peers: who may speak, what they say, logs for them, and the links to masters
//   7. membership: registration, lease, heartbeat
//   8. health, metrics, status and tasks over HTTP
//   9. what carries out the actions; the watchdog, and SIGHUP
// Steps 1 to 3 and 8 can refuse. It ends when the rules say so, after SIGTERM and what must still be told: systemd
// hears of it, the node in ZooKeeper goes, the loop stops. Then all of it is destroyed, last made first: what posts to
// the loop goes before the loop. Tasks that still run then have hosts of their own, and the next worker adopts them.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "config/worker_settings.h"
#include "worker/settings_reload.h"

namespace porpoise {

struct DaemonOptions {
  ResolvedSettings settings;
  SettingsReload::Read read_again;  // the settings, at SIGHUP
  Variables environment;            // of the process: where systemd and Kubernetes say what they want
  std::vector<std::filesystem::path> plugin_folders;
};

class Daemon {
 public:
  // Steps 1 to 9. Each error ends the start, and names what to change. Masters and peers hear nothing of it yet.
  static Result<Daemon> open(DaemonOptions options);

  Daemon(Daemon&& other) noexcept;
  Daemon& operator=(Daemon&&) = delete;
  ~Daemon();

  // Registers, works, and returns when the worker has left. Once.
  void run();

 private:
  class Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace porpoise
