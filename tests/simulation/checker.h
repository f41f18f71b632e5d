// The promises of the worker, held against the history of one run.
//
// Pure; knows nothing of the code that made the history.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "simulation/history.h"

namespace porpoise::simulation {

struct Promises {
  bool keep_tasks = false;      // on-session-expired: keep
  std::int64_t max_age_ms = 0;  // of a RESULT that nobody acknowledges
};

struct Violation {
  std::size_t event = 0;  // index of the one that breaks the promise
  std::string promise;
};

std::optional<Violation> find_violation(const History& history, const Promises& promises);

}  // namespace porpoise::simulation
