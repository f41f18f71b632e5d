// Works off an order: every file of it in the working directory, or an error that says which one could not be had.
//
// Free function, one thread, blocks. Files come one after the other, as one connection to a storage fills the wire.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/request.h"
#include "model/resource_order.h"
#include "resource/storage.h"

namespace porpoise {

// Hears how it goes.
class FetchListener {
 public:
  virtual ~FetchListener() = default;
  virtual void on_begin(const ResourceFile& file) = 0;
  virtual void on_retry(const std::string& why) = 0;
  virtual void on_fetched(const ResourceFile& file, const FetchedResource& fetched) = 0;
};

struct FetchLimits {
  // A restarting server, a lost packet; a server that is away for longer fails the task, which has retries of its own.
  int tries = 4;
  std::chrono::milliseconds pause{500};  // doubled after each try
  DownloadLimits download;
};

Status fetch_all(const ResourceOrder& order, int work_directory, const FetchLimits& limits, FetchListener& listener);

}  // namespace porpoise
