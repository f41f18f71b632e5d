// Whether somebody listens at an address.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace porpoise::openmldb {

// Connects to "host:port" and hangs up. Blocks, for `limit` and as long as the name takes. Errors: kInvalid (no
// address), kUnavailable with the reason.
Status reach(const std::string& endpoint, std::chrono::milliseconds limit);

}  // namespace porpoise::openmldb
