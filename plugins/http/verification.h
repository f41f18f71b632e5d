// What comes after a deployment by HTTP: a look whether it works, and the way back when it does not. Pure.
//
// The extension fields `verify` and `rollback` of taskParams, which a master passes on untouched.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "curl/transfer.h"
#include "http/answer.h"
#include "http/fields.h"

namespace porpoise::http {

struct Verification {
  curl::HttpRequest request;
  std::vector<Expectation> expected;  // all of them
  // It is tried again and again for so long: a server takes its time to load a model.
  std::chrono::milliseconds within{10000};
  std::optional<curl::HttpRequest> rollback;
};

// Nothing without `verify`. Errors name the field.
Result<std::optional<Verification>> parse_verification(const Json& params, const Expand& expand);

}  // namespace porpoise::http
