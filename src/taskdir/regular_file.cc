#include "taskdir/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace porpoise {
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
