// The YARN applications that a log speaks of: the first application_<digits>_<digits> of each line (3.1
// `LogUtils.getAppIdsFromLogFile`), each once, in the order of the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

// Takes a log piece by piece, cut anywhere, and keeps no more of it than one id. Pure; one log, one thread.
class AppIdScan {
 public:
  void feed(std::string_view bytes);
  void finish();

  // At most 1024.
  const std::vector<std::string>& ids() const { return ids_; }

 private:
  void scan(bool last);
  void add(std::string_view id);

  std::string pending_;  // what was not decided yet
  bool skip_line_ = false;
  std::vector<std::string> ids_;
};

// The search of an open file, turn by turn, or of its first 1 GiB: callers of 3.1 wait for 10 s, and a job is named
// when it is submitted. `fd` must outlive it.
class AppIdSearch {
 public:
  explicit AppIdSearch(int fd) : fd_(fd) {}

  // Reads at most `max_bytes` more; true when it is complete.
  Result<bool> go_on(std::uint64_t max_bytes);
  // Those found so far.
  const std::vector<std::string>& ids() const { return scan_.ids(); }

 private:
  int fd_;
  std::uint64_t offset_ = 0;
  AppIdScan scan_;
};

}  // namespace porpoise
