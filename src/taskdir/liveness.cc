#include "taskdir/liveness.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "model/host_protocol.h"
#include "process/process_info.h"

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
  if (errno == EWOULDBLOCK)
    return fail(ErrorCode::kInternal, "a task host works on " + state_dir.string() + " already");
  return fail_errno("cannot lock " + name_of(state_dir), errno);
}

bool host_lives(const std::filesystem::path& state_dir) {
  const UniqueFd lock(::open(name_of(state_dir).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  return lock && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<HostIdentity> read_host_identity(const std::filesystem::path& state_dir) {
  PORPOISE_TRY(const std::string text, read_file(state_dir / kHostFile, kMaxHostFileBytes));
  PORPOISE_TRY(const Json json, parse_json(text));
  const auto pid = integer_or(json, "pid", 0);
  if (pid <= 1) return fail(ErrorCode::kInvalid, (state_dir / kHostFile).string() + " names no pid");
  return HostIdentity{static_cast<pid_t>(pid), static_cast<std::uint64_t>(integer_or(json, "startTicks", 0)),
                      string_or(json, "bootId", "")};
}

namespace {

bool has_open(const std::filesystem::path& descriptors, const std::filesystem::path& file) {
  std::error_code problem;
  for (std::filesystem::directory_iterator at(descriptors, problem), end; !problem && at != end;
       at.increment(problem)) {
    std::error_code gone;
    if (std::filesystem::read_symlink(at->path(), gone) == file) return true;
  }
  return false;
}

// Whoever listens at its socket, as the kernel says: nobody else can look into a host (process/confinement.h).
std::optional<HostIdentity> find_listener(const std::filesystem::path& state_dir) {
  const auto link = connect_to_host(state_dir);
  if (!link || link->listener <= 1) return std::nullopt;
  const auto process = read_process(link->listener);
  return process ? std::optional(HostIdentity{process->pid, process->start_ticks, boot_id()}) : std::nullopt;
}

// Whoever has the lock file open: of several, the first that was started.
std::optional<HostIdentity> find_lock_holder(const std::filesystem::path& state_dir) {
  std::error_code problem;
  const auto file = std::filesystem::canonical(name_of(state_dir), problem);
  if (problem) return std::nullopt;
  std::optional<HostIdentity> oldest;
  for (const ProcessInfo& process : list_processes())
    if (process.pid != ::getpid() && (!oldest || process.start_ticks < oldest->start_ticks) &&
        has_open("/proc/" + std::to_string(process.pid) + "/fd", file))
      oldest = HostIdentity{process.pid, process.start_ticks, boot_id()};
  return oldest;
}

}  // namespace

Result<HostIdentity> wait_for_host_identity(const std::filesystem::path& state_dir) {
  const auto limit = std::chrono::steady_clock::now() + kIntroduction;
  while (true) {
    auto identity = read_host_identity(state_dir);
    if (identity) return identity;
    const bool lives = host_lives(state_dir);
    if (const auto listener = lives ? find_listener(state_dir) : std::nullopt) return *listener;
    const bool overdue = std::chrono::steady_clock::now() > limit;
    // What it has said is damaged or gone, and it will not say it again.
    if (lives && (overdue || identity.error().code() != ErrorCode::kNotFound))
      if (const auto holder = find_lock_holder(state_dir)) return *holder;
    if (!lives || overdue) return fail(identity.error().wrap("cannot find the task host"));
    ::poll(nullptr, 0, kPauseMs);
  }
}

// --- The socket ---

namespace {

// By way of an open folder: an address has room for 107 bytes, and a state folder may be deeper than that.
struct FolderAddress {
  UniqueFd folder;
  sockaddr_un address{};
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Result<FolderAddress> address_in(const std::filesystem::path& state_dir) {
  FolderAddress made;
  made.folder.reset(::open(state_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!made.folder) return fail_errno("cannot open " + state_dir.string(), errno);
  made.address.sun_family = AF_UNIX;
  std::snprintf(made.address.sun_path, sizeof made.address.sun_path, "/proc/self/fd/%d/%s", made.folder.get(),
                kControlFile);
  return made;
}

UniqueFd make_socket() { return UniqueFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

// Nobody, when the kernel does not say.
ucred peer_of(int socket) {
  ucred peer{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t size = sizeof peer;
  ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  return peer;
}

bool may_ask(int requester) {
  const uid_t user = peer_of(requester).uid;
  return user == 0 || user == ::geteuid();
}

}  // namespace

Result<UniqueFd> listen_for_requesters(const std::filesystem::path& state_dir) {
  PORPOISE_TRY(const FolderAddress at, address_in(state_dir));
  ::unlinkat(at.folder.get(), kControlFile, 0);
  UniqueFd listener = make_socket();
  constexpr int kWaiting = 4;
  if (!listener || ::bind(listener.get(), at.get(), sizeof at.address) != 0 || ::listen(listener.get(), kWaiting) != 0)
    return fail_errno("cannot make the socket " + (state_dir / kControlFile).string(), errno);
  return listener;
}

UniqueFd accept_requester(int listener) {
  UniqueFd requester(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  return requester && may_ask(requester.get()) ? std::move(requester) : UniqueFd();
}

Result<HostLink> connect_to_host(const std::filesystem::path& state_dir) {
  PORPOISE_TRY(const FolderAddress at, address_in(state_dir));
  UniqueFd link = make_socket();
  if (!link || ::connect(link.get(), at.get(), sizeof at.address) != 0)
    return fail_errno("cannot reach the task host by " + (state_dir / kControlFile).string(), errno);
  const pid_t host = peer_of(link.get()).pid;
  return HostLink{std::move(link), host};
}

namespace {

constexpr std::size_t kMaxLeaseBytes = 512;
constexpr int kMaxBootId = 36;

std::string body_of(const Lease& lease) {
  char text[kMaxLeaseBytes];
  std::snprintf(text, sizeof text, "lease 1 boot %-36.36s renewed %019lld expires %019lld", lease.boot_id.c_str(),
                static_cast<long long>(lease.renewed_ms), static_cast<long long>(lease.expires_ms));
  return text;
}

std::string sealed(const std::string& body) {
  boost::crc_32_type crc;
  crc.process_bytes(body.data(), body.size());
  char seal[32];
  std::snprintf(seal, sizeof seal, " crc %08x\n", static_cast<unsigned>(crc.checksum()));
  return body + seal;
}

}  // namespace

std::int64_t boottime_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

std::string encode(const Lease& lease) { return sealed(body_of(lease)); }

Result<Lease> decode_lease(std::string_view text) {
  char boot[kMaxBootId + 1] = {};
  long long renewed = 0;
  long long expires = 0;
  const std::string whole(text);
  if (std::sscanf(whole.c_str(), "lease 1 boot %36s renewed %lld expires %lld", boot, &renewed, &expires) != 3)
    return fail(ErrorCode::kInvalid, "is not a lease");
  Lease lease{boot, renewed, expires};
  if (encode(lease) != whole) return fail(ErrorCode::kInvalid, "its checksum is wrong");
  return lease;
}

Result<Lease> read_lease(const std::filesystem::path& file) {
  PORPOISE_TRY(const std::string text, read_file(file, kMaxLeaseBytes));
  auto lease = decode_lease(text);
  if (!lease) return fail(lease.error().wrap("cannot read " + file.string()));
  if (lease->boot_id != boot_id())
    return fail(ErrorCode::kInvalid, "cannot go by " + file.string() + ": it is of another boot");
  return lease;
}

}  // namespace porpoise
