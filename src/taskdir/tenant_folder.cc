#include "taskdir/tenant_folder.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

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

}  // namespace porpoise
