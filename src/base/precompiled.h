// What nearly every file of the project includes, compiled once for a unity build. No file includes this one: each
// names what it uses, and compiles without.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"
#include "base/result.h"

// json.cc has them: each file would else make its own copy, which is a large part of the time that it takes to compile.
extern template class nlohmann::basic_json<>;
extern template class nlohmann::detail::serializer<nlohmann::json>;
