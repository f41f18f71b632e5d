// The body of a dispatch: whatever it says, the paths that are made of it stay below their folders, and what is wrong
// with it is said. The same for the names of its resources.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "engine/accepted_task.h"
#include "model/resource_order.h"
#include "wire/messages.h"

namespace {

using namespace porpoise;

// Below `folder`, by parts none of which is empty, "." or "..".
bool is_below(std::string_view path, std::string_view folder) {
  if (!path.starts_with(folder)) return false;
  path.remove_prefix(folder.size());
  while (!path.empty()) {
    if (path.front() == '/') path.remove_prefix(1);
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == ".." || part.find('\0') != std::string_view::npos) return false;
    path.remove_prefix(part.size());
  }
  return true;
}

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto profile = wire::profile_31(utc());
  const std::string body(reinterpret_cast<const char*>(data), size);
  const auto message = profile->decode({wire::Command::kTaskDispatchRequest, 1, body});
  const auto* const dispatch = message ? std::get_if<wire::DispatchTask>(&*message) : nullptr;
  if (dispatch == nullptr) return 0;
  check(dispatch->context.task_instance_id > 0 && !dispatch->master.empty());
  const AcceptedTask task = TaskPaths{"/logs", "/exec"}.accepted(*dispatch, utc(), 1'700'000'000'000);
  check(is_below(task.log_path, "/logs"));
  check(task.execute_path.empty() ? !task.defect.empty() : is_below(task.execute_path, "/exec"));
  check(dispatch->defect.has_value() ? !task.defect.empty() : true);
  for (const auto& [name, tenant] : dispatch->context.resources) {
    if (const auto target = resource_target(name)) check(is_below(*target, ""));
    if (const auto file = tenant_resource(name, tenant)) check(is_below(file->path, ""));
  }
  return 0;
}
