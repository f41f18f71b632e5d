// The URLs under which storages have their files. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/resource_order.h"

namespace porpoise {

// The base path and the path below it: "/dolphinscheduler/root/resources/a.py".
std::string storage_path(const ResourceStorage& storage, std::string_view path);

// Path style, "<endpoint>/<bucket>/<key>". The key is that of 3.1, which begins with a slash where the base path is
// "/". Errors: an endpoint that cannot be one.
Result<std::string> s3_url(const ResourceStorage& storage, std::string_view path);

// "<NameNode>/webhdfs/v1/<path>", still without the operation.
Result<std::string> webhdfs_url(const ResourceStorage& storage, std::string_view path);
// "?op=OPEN", and who asks.
std::string webhdfs_open_query(const ResourceStorage& storage);

// Everything but letters, digits and "-._~" becomes %XX; that is also what AWS signs. `keep`: further characters to
// leave.
std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace porpoise
