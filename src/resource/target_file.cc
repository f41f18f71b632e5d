#include "resource/target_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/beneath.h"

namespace porpoise {
namespace {

// As 3.1 leaves them, which copies with the worker's umask: to be read by everybody and run by nobody, so scripts of a
// workflow say `bash a.sh`. The working directory keeps other users out.
constexpr unsigned kFileMode = 0644;
constexpr unsigned kFolderMode = 0755;

Status give(int fd, const struct stat& owner, unsigned mode) {
  const bool is_mine = owner.st_uid == ::geteuid();
  if (!is_mine && ::fchown(fd, owner.st_uid, owner.st_gid) != 0)
    return fail_errno("cannot give it to the task's user", errno);
  // In a folder that is shared by access lists the bits of the group are the most that the other user may do.
  if (::fchmod(fd, mode | (owner.st_mode & S_IWGRP)) != 0) return fail_errno("cannot set its mode", errno);
  return {};
}

Result<UniqueFd> enter(int folder, const std::string& name, const struct stat& owner) {
  const bool made = ::mkdirat(folder, name.c_str(), kFolderMode) == 0;
  if (!made && errno != EEXIST) return fail_errno("cannot make folder " + name, errno);
  UniqueFd next = open_beneath(folder, name, O_RDONLY | O_DIRECTORY);
  if (!next) return fail_errno("cannot enter folder " + name + " of the working directory", errno);
  if (made) PORPOISE_TRY_VOID(give(next.get(), owner, kFolderMode));
  return next;
}

}  // namespace

Result<TargetFile> TargetFile::create(int work_directory, const std::string& target) {
  struct stat owner {};
  if (::fstat(work_directory, &owner) != 0) return fail_errno("cannot use the working directory", errno);
  PORPOISE_TRY(Below below, descend(work_directory, target, [&owner](int folder, const std::string& name) {
                 return enter(folder, name, owner);
               }));
  TargetFile made(std::move(below.folder), std::move(below.name), UniqueFd(), owner);
  made.file_ = open_beneath(made.folder_.get(), made.temporary(), O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!made.file_) return fail_errno("cannot create a file in the working directory", errno);
  return made;
}

TargetFile::~TargetFile() {
  if (file_) ::unlinkat(folder_.get(), temporary().c_str(), 0);
}

// Files are fetched one after the other, so one name is enough; the real one may have no room for an ending.
std::string TargetFile::temporary() const { return ".porpoise-fetch." + std::to_string(::getpid()); }

Status TargetFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail_errno("cannot write to the working directory", errno);
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status TargetFile::start_again() {
  size_ = 0;
  if (::ftruncate(file_.get(), 0) == 0 && ::lseek(file_.get(), 0, SEEK_SET) == 0) return {};
  return fail_errno("cannot empty a file of the working directory", errno);
}

Status TargetFile::commit() {
  PORPOISE_TRY_VOID(give(file_.get(), owner_, kFileMode));
  const std::string from = temporary();
  if (::renameat2(folder_.get(), from.c_str(), folder_.get(), name_.c_str(), RENAME_NOREPLACE) != 0)
    return fail_errno("cannot put " + name_ + " into the working directory", errno);
  file_.reset();
  return {};
}

}  // namespace porpoise
