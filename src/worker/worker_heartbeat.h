// What this worker says of itself in its node: how loaded the machine is, how much it may take, and whether it wants
// more.
//
// Owned by Daemon; on the registration's thread, which may wait for the file system of the data folder;
// overload() on any.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "config/worker_config.h"
#include "machine/machine_load.h"
#include "observe/log.h"
#include "observe/loop_monitor.h"
#include "observe/metrics.h"
#include "registry/registration_thread.h"

namespace porpoise {

class WorkerHeartbeat {
 public:
  WorkerHeartbeat(const WorkerConfig& config, const LoopMonitor& monitor, Metrics& metrics, Log& log)
      : config_(config), monitor_(monitor), metrics_(metrics), log_(log) {}

  // The text of the node. Counts the times that it keeps tasks away because the machine is busy, says when that begins
  // and ends, and names a handler of the loop that does not come back.
  std::string text(std::int64_t startup_time_ms, const LoopLevels& levels);

  // Which limits were passed at the last heartbeat, with their values; empty: none.
  std::string overload() const;

 private:
  void name_what_hangs();
  void note_overload(const Heartbeat& beat);

  const WorkerConfig& config_;
  const LoopMonitor& monitor_;
  Metrics& metrics_;
  Log& log_;
  MachineLoad load_;
  mutable std::mutex mutex_;
  std::string overload_;
};

}  // namespace porpoise
