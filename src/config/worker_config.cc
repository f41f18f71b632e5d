#include "config/worker_config.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxNameBytes = 32;  // of useradd
constexpr std::string_view kOthers = "*";

bool is_tenant(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '=' || c == '*';
  });
}

}  // namespace

std::vector<std::string> secrets_of(const WorkerConfig& config) {
  return {config.zookeeper_digest, config.resources.secret_key};
}

bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool fine = std::isalpha(c) != 0 || c == '_' || (i > 0 && (std::isdigit(c) != 0 || c == '-' || c == '.')) ||
                      (c == '$' && i > 0 && i + 1 == name.size());
    if (!fine) return false;
  }
  return true;
}

Result<TenantMap> TenantMap::parse(std::string_view text) {
  TenantMap map;
  if (text.empty()) return map;
  map.takes_others_ = false;
  for (bool is_last = false; !is_last;) {
    const std::size_t comma = std::min(text.find(','), text.size());
    is_last = comma == text.size();
    const std::string_view entry = text.substr(0, comma);
    text.remove_prefix(is_last ? comma : comma + 1);
    if (entry == kOthers) {
      map.takes_others_ = true;
      continue;
    }
    const std::size_t sign = entry.find('=');
    const std::string tenant(entry.substr(0, sign));
    const std::string user(sign == std::string_view::npos ? entry : entry.substr(sign + 1));
    if (!is_tenant(tenant) || !is_user_name(user))
      return fail(ErrorCode::kInvalid, "\"" + std::string(entry) + "\" is neither TENANT nor TENANT=USER");
    if (!map.users_.emplace(tenant, user).second)
      return fail(ErrorCode::kInvalid, "tenant \"" + tenant + "\" is there twice");
  }
  return map;
}

std::optional<std::string> TenantMap::user_of(const std::string& tenant) const {
  if (const auto found = users_.find(tenant); found != users_.end()) return found->second;
  return takes_others_ ? std::optional(tenant) : std::nullopt;
}

}  // namespace porpoise
