// Which user of the operating system a tenant is, and which tenants a worker runs at all (`tenant-map`).
//
// A value; pure. Without entries each tenant is the user of its name, as in 3.1. With some, a tenant that has none is
// refused: who may define tenants in the UI does not choose among this machine's users then.
//
//   etl=app_etl,bi     etl runs as app_etl, bi as bi, others not at all
//   etl=app_etl,*      others as the users of their names
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace porpoise {

// [a-z_][a-z0-9_-]*[$]?, with upper-case letters and dots, which some directories have: nothing a command could take
// for an option.
bool is_user_name(std::string_view name);

class TenantMap {
 public:
  static Result<TenantMap> parse(std::string_view text);

  // None: it is not run here.
  std::optional<std::string> user_of(const std::string& tenant) const;

 private:
  std::map<std::string, std::string> users_;
  bool takes_others_ = true;
};

}  // namespace porpoise
