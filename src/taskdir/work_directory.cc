#include "taskdir/work_directory.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <vector>

#include "process/user.h"

namespace porpoise {
namespace {

// An access list as the kernel takes it (<linux/posix_acl_xattr.h>, which C++ cannot include): a version, then entries
// in the order of their tags. Little-endian, like the machines that porpoise runs on.
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kNobody = 0xFFFFFFFF;
enum Tag : std::uint16_t { kOwner = 0x01, kUser = 0x02, kGroup = 0x04, kMask = 0x10, kOther = 0x20 };
struct Entry {
  Tag tag;
  std::uint16_t rights;
  std::uint32_t id = kNobody;
};
static_assert(sizeof(Entry) == 8);

constexpr std::uint16_t kAll = 7;
constexpr std::uint16_t kRead = 5;

bool set_list(const std::filesystem::path& folder, const char* name, const std::vector<Entry>& entries) {
  std::string bytes(reinterpret_cast<const char*>(&kVersion), sizeof kVersion);
  bytes.append(reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(Entry));
  return ::setxattr(folder.c_str(), name, bytes.data(), bytes.size(), 0) == 0;
}

bool share(const std::filesystem::path& folder, uid_t user) {
  // What is made in there gets the second list, in place of the umask. Its group and others cannot get that far.
  return set_list(folder, "system.posix_acl_access",
                  {{kOwner, kAll}, {kUser, kAll, user}, {kGroup, 0}, {kMask, kAll}, {kOther, 0}}) &&
         set_list(folder, "system.posix_acl_default",
                  {{kOwner, kAll},
                   {kUser, kAll, user},
                   {kUser, kAll, ::geteuid()},
                   {kGroup, kRead},
                   {kMask, kAll},
                   {kOther, kRead}});
}

}  // namespace

Status let_work_in(const std::filesystem::path& folder, const OsUser& user) {
  const bool root = ::geteuid() == 0;
  if (root ? ::chown(folder.c_str(), user.uid, user.gid) == 0 : share(folder, user.uid)) return {};
  const int problem = errno;
  const std::string what = "cannot let tenant \"" + user.name + "\" work in " + folder.string();
  if (problem != EOPNOTSUPP) return fail_errno(what, problem);
  return fail(ErrorCode::kDenied,
              what +
                  ": that file system keeps no access lists; choose a data-dir on one that does, start "
                  "the worker as root, or let every task run as the worker's own user (sudo: false)");
}

namespace {

namespace fs = std::filesystem;

bool is_within(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

fs::path path_of(const TaskRequest& request) {
  const fs::path path = fs::path(request.execute_path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // without a trailing slash
}

Status make_folders(const fs::path& path) {
  std::error_code ignored;
  if (path == path.root_path() || fs::is_directory(path, ignored)) return {};
  PORPOISE_TRY_VOID(make_folders(path.parent_path()));
  // Tenants have to get through to their own.
  if (::mkdir(path.c_str(), 0711) == 0 || errno == EEXIST) return {};
  return fail_errno("cannot make folder " + path.string(), errno);
}

// Without these rights of its owner a folder cannot be emptied.
void open_up(const fs::path& folder) {
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow, ignored);
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored))
    if (at->symlink_status(ignored).type() == fs::file_type::directory) open_up(at->path());
}

}  // namespace

Status check_work_directory(const TaskRequest& request, const fs::path& state_dir) {
  const fs::path path = path_of(request);
  const std::string name = "working directory \"" + request.execute_path + "\"";
  if (path.empty() || !path.is_absolute()) return fail(ErrorCode::kInvalid, name + " is not an absolute path");
  if (path == path.root_path()) return fail(ErrorCode::kInvalid, name + " is the root of the file system");
  std::error_code ignored;
  for (const fs::path& kept : {fs::path(request.log_path), fs::absolute(state_dir, ignored)})
    if (is_within(kept.lexically_normal(), path))
      return fail(ErrorCode::kInvalid, name + " would be emptied, but " + kept.string() + " lies in it");
  return {};
}

Status make_work_directory(const TaskRequest& request, const fs::path& state_dir, const SudoUser& tenant) {
  PORPOISE_TRY_VOID(check_work_directory(request, state_dir));
  const fs::path path = path_of(request);
  PORPOISE_TRY_VOID(make_folders(path.parent_path()));
  bool made = ::mkdir(path.c_str(), 0700) == 0;
  if (!made && errno == EEXIST) {
    PORPOISE_TRY_VOID(remove_work_directory(request, tenant));
    made = ::mkdir(path.c_str(), 0700) == 0;
  }
  if (!made) return fail_errno("cannot make working directory " + path.string(), errno);
  if (request.run_as.empty()) return {};
  PORPOISE_TRY(const OsUser user, find_user(request.run_as));
  return let_work_in(path, user);
}

Status remove_work_directory(const TaskRequest& request, const SudoUser& tenant) {
  const fs::path path = path_of(request);
  std::error_code problem;
  fs::remove_all(path, problem);
  Status cleared;
  if (problem == std::errc::permission_denied) {
    if (tenant.needed()) cleared = tenant.run({"clear", path.string()});
    open_up(path);
    fs::remove_all(path, problem);
  }
  if (!problem) return {};
  const Error error = errno_error("cannot remove working directory " + path.string(), problem.value());
  return fail(cleared ? error : cleared.error().wrap(error.message()));
}

void clear_folder(const fs::path& folder) {
  open_up(folder);
  std::error_code ignored;
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::error_code problem;
    fs::remove_all(at->path(), problem);
  }
}

}  // namespace porpoise
