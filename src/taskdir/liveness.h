// Who lives, as files say it: a task host, and the worker whose task it runs.
//
// Values and free functions on files and sockets; any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// --- The host. In its state folder it shows that it lives, who it is and where it is reached: `host.lock`, `host.json`
// and `control`. By these a later requester finds the host of an earlier one. What waits here blocks for at most
// kIntroduction.

// The lock, which the host holds from before its first instruction until its end, so that neither a reused pid nor
// a restart in between can deceive.

// Takes the lock for a host about to be started: pass the descriptor on and close it here.
Result<UniqueFd> lock_host(const std::filesystem::path& state_dir);

bool host_lives(const std::filesystem::path& state_dir);

// Who it is, as it says in host.json.
struct HostIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  std::string boot_id;
};
Result<HostIdentity> read_host_identity(const std::filesystem::path& state_dir);
// The same of a host that lives, and may have only just begun: it writes host.json soon. One whose host.json is damaged
// or gone is found by the socket at which it listens, or by the lock that it holds.
Result<HostIdentity> wait_for_host_identity(const std::filesystem::path& state_dir);

// The socket `control`: packets of model/host_protocol.h. The first requester has a pair of sockets and needs none.
// A folder on a file system without sockets has none, which is an error of listen. Nothing here blocks.

// The host's end. Not blocking; one that an earlier host left is replaced.
Result<UniqueFd> listen_for_requesters(const std::filesystem::path& state_dir);

// Whoever knocks next, when that is root or our own user; empty when there is nobody. Not blocking.
UniqueFd accept_requester(int listener);

// The requester's end. ErrorCode::kNotFound: the host is of a version without, or has ended.
struct HostLink {
  UniqueFd socket;
  pid_t listener = 0;  // the process that listens there, as the kernel says
};
Result<HostLink> connect_to_host(const std::filesystem::path& state_dir);

// --- The worker. Its lease is a file in its data folder which says until when the tasks of its hosts are its own. The
// worker renews it while its session in ZooKeeper lives (worker/membership.h); each of its hosts looks at it, and ends
// its task when it has run out, as masters give the tasks of a worker to others when its session ends.
//
// Reading blocks on the disk. Times are milliseconds of CLOCK_BOOTTIME, which counts while
// the machine is suspended and is not stepped; within one boot they are those of every process. A lease dates from when
// its renewal was asked for, so it never runs out later than the session that the answer confirmed.

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
