// A file of the resource centre below a folder of this machine: which ones may be read, for whoever asks before a run
// and for porpoise-fetch, which reads them.
//
// A free function; any thread.
#pragma once

#include <string>

#include "base/descriptor.h"
#include "base/result.h"

namespace porpoise {

// The regular file "a/b/c" below `top`, to read. No symbolic link is followed, as the files may be those of tenants,
// who might put one there that only root can follow; and no FIFO is waited for. Errors: kNotFound; kDenied where a link
// or a file leads away; kInvalid for a folder, and for what is no regular file.
Result<UniqueFd> open_regular_beneath(int top, const std::string& path);

}  // namespace porpoise
