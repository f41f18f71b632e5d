// The files that decide what a worker runs, and as whom: whether somebody else can change them, or read the secrets in
// them.
//
// Looks at modes and owners; any thread. The rule is that of plugins (base/trust.h).
#pragma once

#include <string>
#include <vector>

#include "config/worker_settings.h"

namespace porpoise {

struct FileTrust {
  std::vector<std::string> distrusted;  // no worker is to start with these: which file, why, and what helps
  std::vector<std::string> exposed;     // secrets that every user of the machine may read
};

// Of all that was read, and of env-file, which every task sources.
FileTrust judge_files(const ResolvedSettings& settings);

}  // namespace porpoise
