// The YARN applications that a log speaks of: the first application_<digits>_<digits> of each line (3.1
// `LogUtils.getAppIdsFromLogFile`), each once, in the order of the log.
#pragma once

#include <cstddef>
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

// Of an open file, or of its first 1 GiB: callers of 3.1 wait for 10 s, and a job is named when it is submitted.
Result<std::vector<std::string>> find_app_ids(int fd);

}  // namespace porpoise
