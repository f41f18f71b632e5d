// The varPool a task receives from the tasks before it, as the 3.1 master merges it (3.1 `WorkflowExecuteRunnable`).
// Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "model/property.h"

namespace porpoise {

// A finished task directly before the one that receives.
struct Upstream {
  std::int64_t end_time_ms = 0;
  PropertyList var_pool{};
};

// Per name a non-empty value beats an empty one, then the upstream that ended earliest wins (the first in the list when
// they ended together). All entries become IN. They come in the order of a Java HashMap, as the master writes them.
PropertyList merge_var_pools(const std::vector<Upstream>& upstreams);

}  // namespace porpoise
