#include "executor/host_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>

#include "base/file.h"
#include "base/json.h"
#include "task/host_protocol.h"

namespace porpoise {
namespace {

constexpr const char* kLockFile = "host.lock";
constexpr std::size_t kMaxHostFileBytes = 4096;
constexpr std::chrono::seconds kIntroduction{5};  // between the exec of a host and its host.json
constexpr int kPauseMs = 5;

std::string name_of(const std::filesystem::path& state_dir) { return (state_dir / kLockFile).string(); }

}  // namespace

Result<UniqueFd> lock_host(const std::filesystem::path& state_dir) {
  UniqueFd lock(::open(name_of(state_dir).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock) return fail_errno("cannot open " + name_of(state_dir), errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(Code::kInternal, "a task host works on " + state_dir.string() + " already");
  return fail_errno("cannot lock " + name_of(state_dir), errno);
}

bool host_lives(const std::filesystem::path& state_dir) {
  const UniqueFd lock(::open(name_of(state_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<pid_t> read_host_pid(const std::filesystem::path& state_dir) {
  const auto limit = std::chrono::steady_clock::now() + kIntroduction;
  while (true) {
    const auto text = read_file(state_dir / kHostFile, kMaxHostFileBytes);
    const auto json = text ? parse_json(*text) : Result<Json>(fail(text.error()));
    if (json)
      if (const auto pid = integer_or(*json, "pid", 0); pid > 1) return static_cast<pid_t>(pid);
    if (!host_lives(state_dir) || std::chrono::steady_clock::now() > limit)
      return fail(json ? Error(Code::kInvalid, "host.json names no pid")
                       : json.error().wrap("cannot find the task host"));
    ::poll(nullptr, 0, kPauseMs);
  }
}

}  // namespace porpoise
