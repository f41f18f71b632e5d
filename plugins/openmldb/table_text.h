// Result rows as a table for the task log, bounded in every direction. Pure.
#pragma once

#include <string>

#include "openmldb/driver.h"

namespace porpoise::openmldb {

// At most 20 rows of 12 columns of 40 characters; says how much more there is. Empty for a table without rows.
std::string table_text(const Table& table);

}  // namespace porpoise::openmldb
