// When a call that did not succeed is made again: the same for every way to the cluster.
#pragma once

#include <porpoise/plugin.hpp>

#include <chrono>
#include <functional>

#include "base/json.h"
#include "openmldb/driver.h"

namespace porpoise::openmldb {

struct Repetition {
  std::chrono::milliseconds within{0};  // from the first call on
  bool is_harmless = false;             // also when an earlier one may have run
  bool ignores_cancel = false;          // then it is made once
};

// Calls `once` until there is an answer, the failure allows no repetition, or the time for that is over. On the run
// thread.
Reply<Json> repeat(const plugin::Host& host, const Repetition& repetition, const std::function<Reply<Json>()>& once);

}  // namespace porpoise::openmldb
