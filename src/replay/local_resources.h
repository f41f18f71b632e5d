// A folder of this machine in place of the resource centre: what has the full name /lib/a.py there is DIR/lib/a.py.
//
// Free functions; find_local_resource looks at the disk.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/resource_order.h"

namespace porpoise {

// For porpoise-fetch, which does the same as for a worker whose storage is of type file. `folder`: absolute.
Result<ResourceOrder> order_local_resources(const std::vector<std::string>& full_names,
                                            const std::filesystem::path& folder);

// What will keep `full_name` from being fetched. An empty `folder`: none was given.
Status find_local_resource(const std::string& full_name, const std::filesystem::path& folder);

}  // namespace porpoise
