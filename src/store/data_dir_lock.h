// The right to use a data folder. One worker at a time has it, from before it reads anything there until it ends: two
// would each end the tasks of the other.
//
// Owned by WorkerEnvironment, main thread; a copy is the same right, which look_after() needs on another thread.
// Promises: while one exists no other process gets one for the same folder, by whatever path, unless somebody takes the
// lock file away; it goes with its process, however that ends, so that the lock of a dead worker is no obstacle; task
// hosts have no part in it, so that a worker which restarts while they live gets it at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

class DataDirLock {
 public:
  // Does not wait. kUnavailable: "… is in use by pid N, registered as ADDRESS since TIME". kDenied, kIo: the folder
  // cannot be locked, with what to do about it.
  static Result<DataDirLock> take(const std::filesystem::path& data_dir);

  // What others are told: the address that this worker registers, and when it started (epoch). Only for people; without
  // it the lock holds just the same.
  Status introduce(const std::string& address, std::int64_t since_ms) const;

  // Whether the lock file is there still. kNotFound: somebody had taken it away or replaced it; it is there again, and
  // locked. kUnavailable: another worker has got the folder meanwhile: "… is in use by pid N …". Others: it cannot be
  // made again. Blocks on the disk; any thread.
  Status look_after() const;

 private:
  struct Held;
  explicit DataDirLock(std::shared_ptr<Held> held) : held_(std::move(held)) {}

  std::shared_ptr<Held> held_;
};

}  // namespace porpoise
