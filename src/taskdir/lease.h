// The lease of a worker: a file in its data folder which says until when the tasks of its hosts are its own. The worker
// renews it while its session in ZooKeeper lives (worker/membership.h); each of its hosts looks at it, and ends its
// task when it has run out, as masters give the tasks of a worker to others when its session ends.
//
// Values and free functions; reading blocks on the disk. Times are milliseconds of CLOCK_BOOTTIME, which counts while
// the machine is suspended and is not stepped; within one boot they are those of every process. A lease dates from when
// its renewal was asked for, so it never runs out later than the session that the answer confirmed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

std::int64_t boottime_ms();

struct Lease {
  std::string boot_id;
  std::int64_t renewed_ms = 0;
  std::int64_t expires_ms = 0;

  friend bool operator==(const Lease&, const Lease&) = default;
};

// Of one length, with a checksum: it is written over the one before, and who reads meanwhile may see a part of each.
std::string encode(const Lease& lease);
Result<Lease> decode_lease(std::string_view text);

// ErrorCode::kInvalid: damaged, or of another boot. Whoever knows an earlier content goes by that one then.
Result<Lease> read_lease(const std::filesystem::path& file);

}  // namespace porpoise
