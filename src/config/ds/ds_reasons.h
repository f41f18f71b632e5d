// Why a key of the stock worker has no effect in porpoise. Pure.
#pragma once

#include <string_view>

namespace porpoise {

// "porpoise needs no database" for "spring.datasource.url"; empty when nothing is known of the key. Keys are those of
// application.yaml and common.properties.
std::string_view reason_to_ignore(std::string_view key);

// Whether an environment variable is of the stock servers, as far as its name tells, and the reason as above.
bool is_stock_variable(std::string_view name);
std::string_view reason_to_ignore_variable(std::string_view name);

}  // namespace porpoise
