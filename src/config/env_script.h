// dolphinscheduler_env.sh without a shell: the lines `export NAME=value` whose value can be known by reading. Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/located_value.h"

namespace porpoise {

using Variables = std::map<std::string, std::string, std::less<>>;

struct EnvExports {
  std::vector<LocatedValue> plain;  // in order; the last of a name counts
  std::vector<LocatedValue> other;  // their value needs a shell: $(…), an indented line, an open quote; text is empty
};

// $NAME, ${NAME}, ${NAME:-default} and ${NAME-default} are replaced from earlier lines, then from `variables`, as bash
// would. Lines without a value (`export NAME`) are left out.
EnvExports parse_env_script(std::string_view text, const Variables& variables);

}  // namespace porpoise
