// File descriptors: who owns one, and how to open what is below a folder without being led elsewhere.
#pragma once

#include <dirent.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"

namespace porpoise {

// Owner of one file descriptor. Movable, not copyable; closes on destruction. Any thread, one owner at a time.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  explicit operator bool() const { return fd_ >= 0; }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Both ends of a pipe, closed on exec.
struct Pipe {
  UniqueFd reader;
  UniqueFd writer;
};
Result<Pipe> make_pipe();

// Steps down from an open folder that no symbolic link, no ".." and no mount trick turns elsewhere.
//
// Free functions; any thread. Where the names come from tasks or peers, walk component by component.
enum class Resolve {
  kByKernel,  // openat2, and by walking where that does not exist
  kByWalk,    // only by walking, as on Linux before 5.6
};

// Opens `name`, one component, in `folder`; O_NOFOLLOW and O_CLOEXEC are added to `flags`. `mode` counts with O_CREAT.
// Empty, with errno, when that fails: ELOOP, ENOTDIR or EXDEV when it would have led away.
UniqueFd open_beneath(int folder, const std::string& name, int flags, unsigned mode = 0,
                      Resolve resolve = Resolve::kByKernel);

// The last component of a path, and the folder that it is in.
struct Below {
  UniqueFd folder;
  std::string name;
};
// From `top` to the folder of the last component of "a/b/c", each step of which `enter` takes.
Result<Below> descend(int top, const std::string& path,
                      const std::function<Result<UniqueFd>(int folder, const std::string& name)>& enter);

// The entries of an open folder, from the first one on; empty, with errno, when it cannot be read. The folder stays
// open.
using Entries = std::unique_ptr<DIR, int (*)(DIR*)>;
Entries entries_of(int folder);

// The regular file "a/b/c" below `top`, to read. No symbolic link is followed, as the files may be those of tenants,
// who might put one there that only root can follow; and no FIFO is waited for. Errors: kNotFound; kDenied where a link
// or a file leads away; kInvalid for a folder, and for what is no regular file.
Result<UniqueFd> open_regular_beneath(int top, const std::string& path);

}  // namespace porpoise
