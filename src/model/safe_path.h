// Texts from masters, peers and people that are to be a part of a path: what is let through, in one place.
//
// Pure; any thread. What passes stays below the folder that it is put under, as far as names can say that; symbolic
// links are for those who open it (base/descriptor.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

inline constexpr std::size_t kMaxPathPartBytes = 255;  // NAME_MAX of Linux

// Why `path` cannot be one below a folder, of at most `max_bytes`: an empty part (also that before a first slash), "."
// or "..", a control character, a part that is too long. Null: it can.
const char* relative_path_problem(std::string_view path, std::size_t max_bytes);

// `text` as exactly one part of a path. kInvalid: `<what> "<text>" <problem>`.
Result<std::string> path_part(std::string_view text, std::string_view what);

// Where the working directory of a task is below the folder for all of them (3.1 `FileUtils.getProcessExecDir`):
// "<tenant>/<project>/<code>_<version>/<workflow instance>/<task instance>". A tenant without a code is "default".
struct TaskFolder {
  std::string tenant_code;
  std::int64_t project_code = 0;
  std::int64_t process_define_code = 0;
  std::int64_t process_define_version = 0;
  std::int64_t process_instance_id = 0;
  std::int64_t task_instance_id = 0;

  // kInvalid: the tenant's code cannot be a folder's name.
  Result<std::string> path() const;
};

// In quotes, for a message: it can neither forge lines nor flood it.
std::string shown_name(std::string_view name);

}  // namespace porpoise
