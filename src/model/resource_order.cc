#include "model/resource_order.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "model/safe_path.h"

namespace porpoise {
namespace {

using Kind = ResourceStorage::Kind;
constexpr std::array kKinds{std::pair{Kind::kFile, "file"}, std::pair{Kind::kS3, "s3"},
                            std::pair{Kind::kWebHdfs, "webhdfs"}};

const char* path_problem(std::string_view path) { return relative_path_problem(path, kMaxResourceNameBytes); }

Result<ResourceFile> file_from_json(const Json& json) {
  ResourceFile file{string_or(json, "name", ""), string_or(json, "path", "")};
  PORPOISE_TRY_VOID(resource_target(file.name));
  if (const char* const problem = path_problem(file.path))
    return fail(ErrorCode::kInvalid,
                "the path " + shown_name(file.path) + " of resource " + shown_name(file.name) + " " + problem);
  return file;
}

Result<ResourceStorage> storage_from_json(const Json& json) {
  ResourceStorage storage;
  const std::string kind = string_or(json, "kind", "");
  const auto* const found =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& known) { return kind == known.second; });
  if (found == kKinds.end()) return fail(ErrorCode::kInvalid, "unknown kind of storage " + shown_name(kind));
  storage.kind = found->first;
  storage.url = string_or(json, "url", "");
  storage.base_path = string_or(json, "basePath", "");
  if (!storage.base_path.starts_with('/'))
    return fail(ErrorCode::kInvalid, "the base path of the storage must begin with /");
  storage.bucket = string_or(json, "bucket", "");
  storage.region = string_or(json, "region", "");
  storage.access_key = string_or(json, "accessKey", "");
  storage.secret_key = string_or(json, "secretKey", "");
  storage.user = string_or(json, "user", "");
  return storage;
}

Json to_json(const ResourceStorage& storage) {
  const auto* const kind =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& known) { return storage.kind == known.first; });
  return {{"kind", kind->second},
          {"url", storage.url},
          {"basePath", storage.base_path},
          {"bucket", storage.bucket},
          {"region", storage.region},
          {"accessKey", storage.access_key},
          {"secretKey", storage.secret_key},
          {"user", storage.user}};
}

}  // namespace

Result<std::string> resource_target(std::string_view full_name) {
  const std::string_view target = full_name.substr(full_name.starts_with('/') ? 1 : 0);
  const char* const problem = full_name.empty() ? "has no name" : path_problem(target);
  if (problem == nullptr) return std::string(target);
  return fail(ErrorCode::kInvalid, "resource " + shown_name(full_name) + " " + problem);
}

void add_once(ResourceOrder& order, ResourceFile file) {
  const auto place = [](const ResourceFile& one) {
    return std::string_view(one.name).substr(one.name.starts_with('/') ? 1 : 0);
  };
  const std::string_view wanted = place(file);
  if (std::none_of(order.files.begin(), order.files.end(),
                   [&](const ResourceFile& known) { return place(known) == wanted; }))
    order.files.push_back(std::move(file));
}

std::optional<std::string> storage_url_path(std::string_view name) {
  const std::size_t colon = name.find(':');
  const auto is_scheme = [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; };
  if (colon == std::string_view::npos || colon == 0 || std::isalpha(static_cast<unsigned char>(name[0])) == 0 ||
      !std::all_of(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(colon), is_scheme) ||
      !name.substr(colon + 1).starts_with('/'))
    return std::nullopt;
  std::string_view path = name.substr(colon + 1);
  if (path.starts_with("//")) path = path.substr(std::min(path.find('/', 2), path.size()));
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return std::string(path);
}

Result<ResourceFile> tenant_resource(std::string_view full_name, std::string_view owner_tenant) {
  PORPOISE_TRY(const std::string target, resource_target(full_name));
  if (!path_part(owner_tenant, "tenant"))
    return fail(ErrorCode::kInvalid, "resource " + shown_name(full_name) + " belongs to tenant " +
                                         shown_name(owner_tenant) + ", which cannot be one");
  return ResourceFile{std::string(full_name), std::string(owner_tenant) + "/resources/" + target};
}

Json to_json(const ResourceOrder& order) {
  Json files = Json::array();
  for (const ResourceFile& file : order.files) files.push_back({{"name", file.name}, {"path", file.path}});
  return {{"v", 1}, {"storage", to_json(order.storage)}, {"files", files}, {"maxBytes", order.max_bytes}};
}

Result<ResourceOrder> resource_order_from_json(const Json& json) {
  if (!json.is_object() || integer_or(json, "v", 0) != 1)
    return fail(ErrorCode::kInvalid, "the order of resources is not of a version that is known");
  ResourceOrder order;
  PORPOISE_TRY(order.storage, storage_from_json(json.value("storage", Json())));
  const Json files = json.value("files", Json());
  if (!files.is_array()) return fail(ErrorCode::kInvalid, "the order of resources has no list of files");
  if (files.size() > kMaxResources)
    return fail(ErrorCode::kInvalid,
                "a task may have " + std::to_string(kMaxResources) + " resources, not " + std::to_string(files.size()));
  for (const Json& entry : files) {
    PORPOISE_TRY(ResourceFile file, file_from_json(entry));
    order.files.push_back(std::move(file));
  }
  const std::int64_t max_bytes = integer_or(json, "maxBytes", 0);
  if (max_bytes <= 0) return fail(ErrorCode::kInvalid, "the order of resources has no limit of bytes");
  order.max_bytes = static_cast<std::uint64_t>(max_bytes);
  return order;
}

}  // namespace porpoise
