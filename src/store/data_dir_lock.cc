#include "store/data_dir_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "model/date_time.h"

namespace porpoise {
namespace {

constexpr const char* kFile = "lock";
constexpr const char* kWayOut = "; stop that worker, or give this one a folder of its own with the key 'data-dir'";
constexpr std::size_t kMaxBytes = 4096;

std::string host_name() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// A record lock of fcntl(2), not flock(2): a child between its fork and its exec has no part in it, a host that has
// just been started cannot keep the next worker out; and it says whose it is.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string date_of(std::int64_t epoch_ms) {
  return format_time("yyyy-MM-dd HH:mm:ss", civil_time(epoch_ms, system_time_zone())).value_or("an unknown time");
}

// Whose it is, as far as its holder has written it: it may be at that just now.
Error in_use(int file, const std::filesystem::path& data_dir) {
  struct flock holder = whole_file();
  const bool known = ::fcntl(file, F_GETLK, &holder) == 0 && holder.l_type != F_UNLCK && holder.l_pid > 0;
  std::array<char, kMaxBytes> text{};
  const ssize_t count = ::pread(file, text.data(), text.size(), 0);
  const auto said = parse_json({text.data(), count > 0 ? static_cast<std::size_t>(count) : 0});
  const Json note = said && said->is_object() ? *said : Json::object();
  // A pid of another container means nothing here; then it is the one that it has there.
  const std::int64_t pid = known ? holder.l_pid : integer_or(note, "pid", 0);
  std::string who = pid > 0 ? "pid " + std::to_string(pid) : "another worker";
  if (const std::string host = string_or(note, "host", ""); !host.empty() && host != host_name()) who += " on " + host;
  if (const std::string address = string_or(note, "address", ""); !address.empty())
    who += ", registered as " + address + " since " + date_of(integer_or(note, "since", 0));
  return {ErrorCode::kUnavailable, "the data folder " + data_dir.string() + " is in use by " + who + kWayOut};
}

Error cannot_lock(const std::filesystem::path& path, int reason) {
  const Error why = errno_error("cannot lock " + path.string(), reason);
  return {why.code(), why.message() +
                          "; without a lock two workers could use it, so choose a folder on a file system that has "
                          "locks with the key 'data-dir'"};
}

bool is_at(int file, const std::filesystem::path& path) {
  struct stat open {};
  struct stat there {};
  return ::fstat(file, &open) == 0 && ::lstat(path.c_str(), &there) == 0 && open.st_ino == there.st_ino &&
         open.st_dev == there.st_dev;
}

Result<UniqueFd> open_locked(const std::filesystem::path& data_dir) {
  const std::filesystem::path path = data_dir / kFile;
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_errno("cannot open " + path.string(), errno);
  struct flock lock = whole_file();
  if (::fcntl(file.get(), F_SETLK, &lock) == 0) return file;
  return fail(errno == EAGAIN || errno == EACCES ? in_use(file.get(), data_dir) : cannot_lock(path, errno));
}

Status write_note(int file, const std::filesystem::path& data_dir, const std::string& note) {
  if (::ftruncate(file, 0) == 0 && ::pwrite(file, note.data(), note.size(), 0) == static_cast<ssize_t>(note.size()))
    return {};
  return fail_errno("cannot write " + (data_dir / kFile).string(), errno);
}

}  // namespace

struct DataDirLock::Held {
  explicit Held(std::filesystem::path folder) : data_dir(std::move(folder)) {}

  bool is_there() const {
    return std::any_of(files.begin(), files.end(),
                       [&](const UniqueFd& file) { return is_at(file.get(), data_dir / kFile); });
  }

  const std::filesystem::path data_dir;
  std::mutex mutex;
  // The lock file, and before it those that were taken away, as they may come back. Nothing else of this process has
  // one of them open: closing that would end the lock.
  std::vector<UniqueFd> files;
  std::string note;
};

Result<DataDirLock> DataDirLock::take(const std::filesystem::path& data_dir) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    PORPOISE_TRY(UniqueFd file, open_locked(data_dir));
    if (!is_at(file.get(), data_dir / kFile)) continue;  // another process has removed it and may lock a new one
    auto held = std::make_shared<Held>(data_dir);
    held->files.push_back(std::move(file));
    DataDirLock taken(std::move(held));
    PORPOISE_TRY_VOID(taken.introduce("", wall_ms()));  // what stood there is of somebody who is gone
    return taken;
  }
  return fail(ErrorCode::kInternal, "cannot lock " + (data_dir / kFile).string() + ": it is removed again and again");
}

Status DataDirLock::introduce(const std::string& address, std::int64_t since_ms) const {
  const std::lock_guard guard(held_->mutex);
  held_->note =
      dump_json(Json{{"v", 1}, {"pid", ::getpid()}, {"host", host_name()}, {"address", address}, {"since", since_ms}});
  return write_note(held_->files.back().get(), held_->data_dir, held_->note);
}

Status DataDirLock::look_after() const {
  constexpr std::size_t kMaxFiles = 64;  // each is a descriptor
  const std::lock_guard guard(held_->mutex);
  if (held_->is_there()) return {};
  const std::string name = (held_->data_dir / kFile).string();
  if (held_->files.size() >= kMaxFiles)
    return fail(ErrorCode::kIo, "the lock file " + name + " is taken away again and again");
  auto file = open_locked(held_->data_dir);
  if (!file) return fail(file.error().wrap("the lock file " + name + " was taken away"));
  held_->files.push_back(*std::move(file));
  PORPOISE_TRY_VOID(write_note(held_->files.back().get(), held_->data_dir, held_->note));
  return fail(ErrorCode::kNotFound, "the lock file " + name +
                                        " was taken away, so that a second worker could have used the data folder; it "
                                        "is made again and locked");
}

}  // namespace porpoise
