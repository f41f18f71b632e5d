// What the task asks for: the parameters of the stock OPENMLDB task, plus three extensions. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "openmldb/config.h"
#include "openmldb/sql_escapes.h"
#include "openmldb/sql_splitter.h"

namespace porpoise::openmldb {

// What DEPLOY does when the deployment exists with another query.
enum class OnExists { kReplace, kKeep, kFail };

struct Params {
  std::string zk;
  std::string zk_path;
  Mode mode = Mode::kOffline;
  std::string sql;                         // line ends are LF; placeholders not replaced
  std::optional<OnExists> on_exists;       // extension `onDeploymentExists`
  DriverKind driver = DriverKind::kAuto;   // extension `driver`
  SqlEscapes escapes = SqlEscapes::kAuto;  // extension `sqlEscapes`
};

Result<Params> parse_params(std::string_view params_json);

std::string_view to_string(Mode mode);
// `text` in any case; errors name `what` and the choices.
Result<Mode> parse_mode(std::string_view what, std::string_view text);

}  // namespace porpoise::openmldb
