// The right to use a data folder. One worker at a time has it, from before it reads anything there until it ends: two
// would each end the tasks of the other.
//
// Owned by WorkerEnvironment, main thread; movable. Promises: while one exists no other process gets one for the same
// folder, by whatever path; it goes with its process, however that ends, so that the lock of a dead worker is no
// obstacle; task hosts have no part in it, so that a worker which restarts while they live gets it at once.
#pragma once

#include <cstdint>
#include <filesystem>
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

 private:
  DataDirLock(UniqueFd file, std::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}

  UniqueFd file_;  // to be the only one of this process that has the file open: closing any other would end the lock
  std::filesystem::path path_;
};

}  // namespace porpoise
