#include "base/trust.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

namespace porpoise {
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

// `name` is how the message calls the path. In a sticky folder nobody replaces what is somebody else's.
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
