#include "replay/local_resources.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace porpoise {

Result<ResourceOrder> order_local_resources(const std::vector<std::string>& full_names,
                                            const std::filesystem::path& folder) {
  ResourceOrder order;
  order.storage.url = "file://" + folder.string();
  order.storage.base_path = "/";
  for (const std::string& name : full_names) {
    PORPOISE_TRY(std::string target, resource_target(name));
    order.files.push_back({name, std::move(target)});
  }
  return order;
}

Status find_local_resource(const std::string& full_name, const std::filesystem::path& folder) {
  if (full_name.empty())
    return fail(ErrorCode::kInvalid,
                "a resource has no name in this file, and its id means something in its cluster only; add "
                "\"resourceName\" with its full name");
  PORPOISE_TRY(const std::string target, resource_target(full_name));
  if (folder.empty())
    return fail(ErrorCode::kInvalid, "resource \"" + full_name +
                                         "\" is in the resource centre of a cluster; say with --resources which folder "
                                         "stands for that");
  const std::filesystem::path file = folder / target;
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored))
    return fail(ErrorCode::kInvalid, "resource \"" + full_name + "\": " + file.string() + " is a folder");
  if (::access(file.c_str(), R_OK) == 0) return {};
  return fail_errno("resource \"" + full_name + "\": cannot read " + file.string(), errno);
}

}  // namespace porpoise
