// Steps down from an open folder that no symbolic link, no ".." and no mount trick turns elsewhere.
//
// Free functions; any thread. For names of strangers: walk component by component.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise {

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

}  // namespace porpoise
