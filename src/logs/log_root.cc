#include "logs/log_root.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace porpoise {
namespace {

// A path as it may stand in a log: what a peer sends must not forge lines or flood it.
std::string printable(std::string_view path) {
  std::string text(path.substr(0, 200));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "'" + text + (path.size() > text.size() ? "…'" : "'");
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// The digits that `text` begins with.
std::size_t take_digits(std::string_view& text) {
  const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(count);
  return count;
}

bool is_log_name(std::string_view name) {
  return take_digits(name) > 0 && take(name, "_") && take_digits(name) > 0 && take(name, "-") &&
         take_digits(name) > 0 && take(name, "-") && take_digits(name) > 0 && name == ".log";
}

tl::unexpected<Error> refuse(const std::string& why) { return fail(ErrorCode::kDenied, why); }

tl::unexpected<Error> fail_open(int problem) {
  switch (problem) {
    case ENOENT: return fail(ErrorCode::kNotFound, "there is no such task log");
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
    case ENXIO: return refuse("it is no regular file, or a link leads there");
    default: return fail(ErrorCode::kIo, errno_error("cannot open the task log", problem).message());
  }
}

}  // namespace

std::optional<std::int64_t> task_instance_of(std::string_view log_path) {
  const std::string_view name = log_path.substr(log_path.rfind('/') + 1);  // npos + 1 is 0
  if (!is_log_name(name)) return std::nullopt;
  const std::size_t begin = name.rfind('-') + 1;
  std::int64_t id = 0;
  const auto [end, problem] = std::from_chars(name.data() + begin, name.data() + name.size(), id);
  if (problem != std::errc()) return std::nullopt;  // larger than any
  return id;
}

Result<LogRoot> LogRoot::open(const std::filesystem::path& folder, Resolve resolve) {
  std::error_code problem;
  std::string text = std::filesystem::absolute(folder, problem).string();
  if (folder.empty() || problem) return fail(ErrorCode::kInvalid, "the folder of the task logs is not given");
  while (text.ends_with('/')) text.pop_back();
  std::filesystem::create_directories(text + "/", problem);  // opening says why if that did not work
  LogRoot root(std::move(text), resolve);
  PORPOISE_TRY_VOID(root.follow());
  return root;
}

Status LogRoot::follow() {
  const std::string path = folder_ + "/";
  struct stat now {};
  // A folder that is gone stays the one we knew: its logs are gone too, and the answer is "no such log".
  if (::stat(path.c_str(), &now) != 0 && fd_) return {};
  if (fd_ && now.st_dev == info_.st_dev && now.st_ino == info_.st_ino) return {};
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fstat(fd.get(), &now) != 0)
    return fail(ErrorCode::kIo, errno_error("cannot open the folder of task logs " + folder_, errno).message());
  std::error_code problem;
  std::string canonical = std::filesystem::canonical(path, problem).string();
  canonical_ = problem ? folder_ : std::move(canonical);
  while (canonical_.ends_with('/')) canonical_.pop_back();
  fd_ = std::move(fd);
  info_ = now;
  return {};
}

Result<UniqueFd> LogRoot::open_log(std::string_view path) {
  PORPOISE_TRY_VOID(follow());
  Result<Found> found = parse(path).and_then([this](const Name& name) { return find(name, O_RDONLY); });
  if (!found) return fail(found.error().wrap("no task log " + printable(path)));
  return std::move(found->file);
}

Status LogRoot::remove_log(std::string_view path) {
  PORPOISE_TRY_VOID(follow());
  const auto name = parse(path);
  if (!name) return fail(name.error().wrap("no task log to remove " + printable(path)));
  const auto found = find(*name, O_PATH);
  if (!found && found.error().code() == ErrorCode::kNotFound) return {};
  if (!found) return fail(found.error().wrap("no task log to remove " + printable(path)));
  if (::unlinkat(found->day.get(), name->file.c_str(), 0) != 0 && errno != ENOENT)
    return fail_errno("cannot remove the task log " + printable(path), errno);
  ::unlinkat(fd_.get(), name->day.c_str(), AT_REMOVEDIR);  // fails while there are other logs of that day
  return {};
}

// Nothing is normalised: what has the wanted shape holds no dots, no second slash and no zero byte.
Result<LogRoot::Name> LogRoot::parse(std::string_view path) const {
  std::string_view rest = path;
  if (!take(rest, folder_ + "/") && !take(rest, canonical_ + "/"))
    return refuse("it is not in the folder of task logs");
  const std::string_view day = rest.substr(0, 8);
  if (take_digits(rest) != 8 || !take(rest, "/") || !is_log_name(rest))
    return refuse("it has not the name of a task log");
  return Name{std::string(day), std::string(rest)};
}

Result<LogRoot::Found> LogRoot::find(const Name& name, int access) const {
  PORPOISE_TRY(UniqueFd day, open_beneath(fd_, name.day, O_PATH | O_DIRECTORY));
  // O_NONBLOCK: a FIFO must not make us wait for its writer before we have seen what it is.
  PORPOISE_TRY(UniqueFd file, open_beneath(day, name.file, access == O_PATH ? O_PATH : access | O_NONBLOCK | O_NOCTTY));
  PORPOISE_TRY_VOID(check(file));
  return Found{std::move(day), std::move(file)};
}

Result<UniqueFd> LogRoot::open_beneath(const UniqueFd& folder, const std::string& name, int flags) const {
  UniqueFd fd = porpoise::open_beneath(folder.get(), name, flags, 0, resolve_);
  if (!fd) return fail_open(errno);
  return fd;
}

Status LogRoot::check(const UniqueFd& file) const {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_open(errno);
  if (!S_ISREG(info.st_mode)) return refuse("it is no regular file");
  if (info.st_nlink == 0) return fail_open(ENOENT);
  if (info.st_nlink > 1) return refuse("it has another name elsewhere");  // a hard link into the folder
  // Logs are written by this user or, before, by the one the folder belongs to; anybody else planted it.
  if (info.st_uid != ::geteuid() && info.st_uid != info_.st_uid && info.st_uid != 0)
    return refuse("it belongs to another user");
  return {};
}

}  // namespace porpoise
