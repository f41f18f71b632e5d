// Reads the answers of the APIServer, and those of sdk_client.py, which have the same form. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "openmldb/driver.h"

namespace porpoise::openmldb {

// Puts the bare tokens NaN, Infinity and Inf (with their sign) into quotes: the APIServer writes them for doubles
// although they are not JSON.
std::string quote_special_numbers(std::string_view text);

// The answer's JSON when it reports success: HTTP status 200 and `code` 0.
Reply<Json> read_answer(int http_status, std::string_view body);

// The same of the text alone; `sender` is for messages.
Reply<Json> read_body(std::string_view body, std::string_view sender);

// `data` of a successful answer; an empty table when there is none.
Reply<Table> read_table(const Json& answer);

}  // namespace porpoise::openmldb
