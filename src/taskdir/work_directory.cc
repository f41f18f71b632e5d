#include "taskdir/work_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "model/safe_path.h"
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

// Others may remove empty folders of the way while this one is being made.
constexpr int kTries = 100;

bool is_within(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

fs::path path_of(const TaskRequest& request) {
  const fs::path path = fs::path(request.execute_path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();  // without a trailing slash
}

std::string name_of(const TaskRequest& request) { return "working directory \"" + request.execute_path + "\""; }

// The path, cut in two: a folder that whoever asks is trusted with, and what is below it, which is made of what masters
// say. Of a replay the latter is the last name alone.
struct Place {
  fs::path root;
  std::string below;
};

Place place_of(const TaskRequest& request) {
  const fs::path path = path_of(request);
  const TaskFolder folder{request.tenant_code,         request.project_code,
                          request.process_define_code, request.process_define_version,
                          request.process_instance_id, request.task_instance_id};
  const auto below = folder.path();
  const std::string end = "/" + (below ? *below : "");
  if (!below || !path.string().ends_with(end)) return {path.parent_path(), path.filename().string()};
  return {path.string().substr(0, path.string().size() - end.size()), *below};
}

Status make_folders(const fs::path& path) {
  std::error_code ignored;
  if (path == path.root_path() || fs::is_directory(path, ignored)) return {};
  PORPOISE_TRY_VOID(make_folders(path.parent_path()));
  // Tenants have to get through to their own.
  if (::mkdir(path.c_str(), 0711) == 0 || errno == EEXIST) return {};
  return fail_errno("cannot make folder " + path.string(), errno);
}

// The open folders from the root to that of the working directory, and their names: what the way is made of.
//
// Each below the root is opened from the one above, and is a folder, not a link. Only this worker has made anything
// there, as it alone may write there; what belongs to others is not touched.
struct Way {
  std::vector<UniqueFd> folders;   // the root first
  std::vector<std::string> names;  // names[i] is in folders[i]; the last is the working directory

  int parent() const { return folders.back().get(); }
  const std::string& name() const { return names.back(); }
};

Status check_owner(int folder, uid_t owner_of_root, const std::string& path) {
  struct stat info {};
  if (::fstat(folder, &info) != 0) return fail_errno("cannot look at " + path, errno);
  if (info.st_uid == ::geteuid() || info.st_uid == 0 || info.st_uid == owner_of_root) return {};
  return fail(ErrorCode::kDenied, path + " belongs to another user (uid " + std::to_string(info.st_uid) + ")");
}

// `make`: folders that are not there. kNotFound: one is not, or not any more.
Result<Way> go_to(const TaskRequest& request, bool make) {
  const auto [root_path, path] = place_of(request);
  Way way;
  UniqueFd root(::open(root_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info {};
  if (!root || ::fstat(root.get(), &info) != 0) return fail_errno("cannot open folder " + root_path.string(), errno);
  way.folders.push_back(std::move(root));
  std::size_t at = 0;
  for (std::size_t end = 0; (end = path.find('/', at)) != std::string::npos; at = end + 1) {
    const std::string name = path.substr(at, end - at);
    if (make && ::mkdirat(way.parent(), name.c_str(), 0711) != 0 && errno != EEXIST)
      return fail_errno("cannot make folder " + name + " of " + name_of(request), errno);
    UniqueFd folder = open_beneath(way.parent(), name, O_RDONLY | O_DIRECTORY);
    if (!folder) return fail_errno("cannot open folder " + name + " of " + name_of(request), errno);
    PORPOISE_TRY_VOID(check_owner(folder.get(), info.st_uid, "folder " + name + " of " + name_of(request)));
    way.names.push_back(name);
    way.folders.push_back(std::move(folder));
  }
  way.names.push_back(path.substr(at));
  return way;
}

Status remove_what_is_there(const TaskRequest& request, const Way& way, const SudoUser& tenant) {
  Status removed = remove_tree(way.parent(), way.name());
  Status cleared;
  if (!removed && removed.error().code() == ErrorCode::kDenied && tenant.needed()) {
    cleared = tenant.run({"clear", path_of(request).string()});
    removed = remove_tree(way.parent(), way.name());
  }
  if (removed) return {};
  const Error error = removed.error().wrap("cannot remove " + name_of(request));
  return fail(cleared ? error : cleared.error().wrap(error.to_string()));
}

// Of its workflow instance, its definition, its project, its tenant: as far as no other task has anything there.
void prune(const Way& way) {
  for (std::size_t i = way.names.size() - 1; i > 0; --i)
    if (::unlinkat(way.folders[i - 1].get(), way.names[i - 1].c_str(), AT_REMOVEDIR) != 0) return;
}

Result<Way> make_way(const TaskRequest& request) {
  PORPOISE_TRY_VOID(make_folders(place_of(request).root));
  return go_to(request, true);
}

}  // namespace

Status check_work_directory(const TaskRequest& request, const fs::path& state_dir) {
  const fs::path path = path_of(request);
  const std::string name = name_of(request);
  if (path.empty() || !path.is_absolute()) return fail(ErrorCode::kInvalid, name + " is not an absolute path");
  if (path == path.root_path()) return fail(ErrorCode::kInvalid, name + " is the root of the file system");
  for (const fs::path& part : fs::path(request.execute_path))
    if (part == "." || part == "..") return fail(ErrorCode::kInvalid, name + " has a part . or ..");
  std::error_code ignored;
  for (const fs::path& kept : {fs::path(request.log_path), fs::absolute(state_dir, ignored)})
    if (is_within(kept.lexically_normal(), path))
      return fail(ErrorCode::kInvalid, name + " would be emptied, but " + kept.string() + " lies in it");
  return {};
}

Status make_work_directory(const TaskRequest& request, const fs::path& state_dir, const SudoUser& tenant) {
  PORPOISE_TRY_VOID(check_work_directory(request, state_dir));
  int problem = 0;
  for (int i = 0; i < kTries; ++i) {
    const auto way = make_way(request);
    if (!way && way.error().code() != ErrorCode::kNotFound) return fail(way.error());
    if (!way) {  // another task has pruned it
      problem = ENOENT;
      continue;
    }
    bool made = ::mkdirat(way->parent(), way->name().c_str(), 0700) == 0;
    if (!made && errno == EEXIST) {
      PORPOISE_TRY_VOID(remove_what_is_there(request, *way, tenant));
      made = ::mkdirat(way->parent(), way->name().c_str(), 0700) == 0;
    }
    problem = made ? 0 : errno;
    if (problem != ENOENT) break;
  }
  if (problem != 0) return fail_errno("cannot make " + name_of(request), problem);
  if (request.run_as.empty()) return {};
  PORPOISE_TRY(const OsUser user, find_user(request.run_as));
  return let_work_in(path_of(request), user);
}

Status remove_work_directory(const TaskRequest& request, const SudoUser& tenant) {
  const auto way = go_to(request, false);
  if (!way && way.error().code() == ErrorCode::kNotFound) return {};
  if (!way) return fail(way.error());
  PORPOISE_TRY_VOID(remove_what_is_there(request, *way, tenant));
  prune(*way);
  return {};
}

void clear_folder(const fs::path& folder) {
  std::error_code ignored;
  fs::permissions(folder, fs::perms::owner_all, fs::perm_options::add | fs::perm_options::nofollow, ignored);
  const UniqueFd open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (open) empty_folder(open.get());
}

}  // namespace porpoise
