#include "base/descriptor.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <utility>

namespace porpoise {

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot make a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// As `name` is one component, walking with O_NOFOLLOW is as strict as the kernel's own confinement.
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

Entries entries_of(int folder) {
  UniqueFd again(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));  // a stream closes what it reads
  Entries entries(again ? ::fdopendir(again.get()) : nullptr, &::closedir);
  if (entries) (void)again.release();
  return entries;
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

namespace {

Result<UniqueFd> step_beneath(int folder, const std::string& name, int flags) {
  UniqueFd opened = open_beneath(folder, name, flags);
  if (opened) return opened;
  switch (errno) {
    case ENOENT: return fail(ErrorCode::kNotFound, "there is no such file");
    case ELOOP:
    case ENOTDIR:
    case EXDEV:
      return fail(ErrorCode::kDenied,
                  "a symbolic link or a file leads away there, which is not followed below the base path");
    default: return fail_errno("cannot open it", errno);
  }
}

}  // namespace

Result<UniqueFd> open_regular_beneath(int top, const std::string& path) {
  PORPOISE_TRY(const Below below, descend(top, path, [](int folder, const std::string& name) {
                 return step_beneath(folder, name, O_PATH | O_DIRECTORY);
               }));
  // O_NONBLOCK: a FIFO must not make us wait for its writer before we have seen what it is.
  PORPOISE_TRY(UniqueFd file, step_beneath(below.folder.get(), below.name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_errno("cannot look at it", errno);
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::kInvalid, "it is a folder; name its files one by one");
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::kInvalid, "it is no regular file");
  return file;
}

}  // namespace porpoise
