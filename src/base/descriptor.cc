#include "base/descriptor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cerrno>
#include <utility>

namespace porpoise {

// As `name` is one component, walking with O_NOFOLLOW is as strict as the kernel's own confinement.
Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

UniqueFd open_beneath(int folder, const std::string& name, int flags, unsigned mode, Resolve resolve) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    errno = EXDEV;
    return UniqueFd();
  }
  flags |= O_NOFOLLOW | O_CLOEXEC;
  long fd = -1;
  errno = ENOSYS;
  if (resolve == Resolve::kByKernel) {
    open_how how{};
    how.flags = static_cast<decltype(how.flags)>(flags);
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
  }
  // Filters of older containers answer EPERM to calls they do not know.
  if (fd < 0 && (errno == ENOSYS || errno == EPERM)) fd = ::openat(folder, name.c_str(), flags, mode);
  return UniqueFd(static_cast<int>(fd));
}

Result<Below> descend(int top, const std::string& path,
                      const std::function<Result<UniqueFd>(int folder, const std::string& name)>& enter) {
  UniqueFd folder(::fcntl(top, F_DUPFD_CLOEXEC, 0));
  if (!folder) return fail_errno("cannot go down from a folder", errno);
  std::size_t at = 0;
  for (std::size_t end = 0; (end = path.find('/', at)) != std::string::npos; at = end + 1) {
    PORPOISE_TRY(folder, enter(folder.get(), path.substr(at, end - at)));
  }
  return Below{std::move(folder), path.substr(at)};
}

}  // namespace porpoise
