#include "base/file.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "base/descriptor.h"

namespace porpoise {
namespace {

Status write_all(int fd, std::string_view content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("cannot write " + path.string(), errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("cannot open folder " + folder.string(), errno);
  if (::fsync(fd.get()) != 0) return fail_errno("cannot sync folder " + folder.string(), errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno("cannot open " + path.string(), errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return fail_errno("cannot stat " + path.string(), errno);
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kInvalid, path.string() + " is a folder, not a file");
  return read_descriptor(fd.get(), max_bytes, path.string());
}

Result<std::string> read_descriptor(int fd, std::size_t max_bytes, const std::string& name) {
  std::string content;
  char buffer[65536];
  // Read to EOF instead of trusting st_size: /proc files and pipes report 0.
  while (true) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot read " + name, errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    if (content.size() > max_bytes)
      return fail(ErrorCode::kInvalid, name + " is larger than the limit of " + std::to_string(max_bytes) + " bytes");
  }
}

bool restore_own_access(const std::filesystem::path& folder) {
  bool changed = false;
  const std::filesystem::path above = folder.parent_path();
  for (const std::filesystem::path& one : {above.parent_path(), above, folder}) {
    struct stat info {};
    if (::lstat(one.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid()) continue;
    if ((info.st_mode & S_IRWXU) != S_IRWXU && ::chmod(one.c_str(), (info.st_mode & 07777U) | S_IRWXU) == 0)
      changed = true;
  }
  return changed;
}

Status write_file(const std::filesystem::path& path, std::string_view content, unsigned mode, Durability durability) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) return fail_errno("cannot create " + temporary.string(), errno);
  PORPOISE_TRY_VOID(write_all(fd.get(), content, temporary));
  if (durability == Durability::kDurable && ::fsync(fd.get()) != 0)
    return fail_errno("cannot sync " + temporary.string(), errno);
  fd.reset();
  if (::rename(temporary.c_str(), path.c_str()) != 0)
    return fail_errno("cannot rename " + temporary.string() + " to " + path.string(), errno);
  if (durability == Durability::kDurable) return sync_folder(path.parent_path());
  return {};
}

namespace {

// Room for the names of one NSS entry; a group so large that it does not fit is no private one.
constexpr std::size_t kEntryBytes = 16384;

bool is_trusted_owner(uid_t owner) {
  if (owner == 0 || owner == ::geteuid()) return true;
  struct stat executable {};
  return ::stat("/proc/self/exe", &executable) == 0 && executable.st_uid == owner;
}

// A user's private group has the user's name and no further members.
bool is_private_group(gid_t group, uid_t owner) {
  std::vector<char> user_buffer(kEntryBytes);
  std::vector<char> group_buffer(kEntryBytes);
  passwd user{};
  ::group entry{};
  passwd* found_user = nullptr;
  ::group* found_group = nullptr;
  ::getpwuid_r(owner, &user, user_buffer.data(), user_buffer.size(), &found_user);
  ::getgrgid_r(group, &entry, group_buffer.data(), group_buffer.size(), &found_group);
  return found_user != nullptr && found_group != nullptr && std::string(user.pw_name) == entry.gr_name &&
         user.pw_gid == group && entry.gr_mem[0] == nullptr;
}

// `name` is how the message calls the path. In a sticky folder a user cannot replace another user's file.
Status check(const std::filesystem::path& path, const std::string& name, bool sticky_will_do) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno("cannot look at " + path.string(), errno);
  const std::string target = "'" + path.string() + "'";
  if (!is_trusted_owner(info.st_uid))
    return fail(ErrorCode::kDenied, name + " belongs to another user (uid " + std::to_string(info.st_uid) +
                                        "); it must be yours or root's; run: chown root " + target);
  if (sticky_will_do && (info.st_mode & S_ISVTX) != 0) return {};
  if ((info.st_mode & S_IWOTH) != 0)
    return fail(ErrorCode::kDenied, name + " is writable by everybody; run: chmod o-w " + target);
  if ((info.st_mode & S_IWGRP) != 0 && info.st_gid != 0 && !is_private_group(info.st_gid, info.st_uid))
    return fail(ErrorCode::kDenied,
                name + " is writable by group " + std::to_string(info.st_gid) + "; run: chmod g-w " + target);
  return {};
}

}  // namespace

Status check_trusted_folder(const std::filesystem::path& folder) { return check(folder, "the folder", false); }

Status check_trusted_file(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(file, error);
  if (error) return fail_errno("cannot resolve " + file.string(), error.value());
  PORPOISE_TRY_VOID(check(target, "the file", false));
  return check(target.parent_path(), "its folder", true);
}

}  // namespace porpoise
