// What a refusal in the cluster's own words means for the task. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "openmldb/driver.h"

namespace porpoise::openmldb {

// "[2000] message", with what to do where it is known. One that says no more than that somebody lost sight of the work
// leaves open whether it runs; one that tells that a server was not reached is kUnavailable.
Failure refused(std::int64_t code, const std::string& message);

}  // namespace porpoise::openmldb
