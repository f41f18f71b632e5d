// Any text as the SQL of a task: it is split or refused, and what it is split into can be split again the same way.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "openmldb/deployment_sql.h"
#include "openmldb/sql_splitter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using porpoise::openmldb::split_sql;
  using porpoise::openmldb::Statement;
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  const auto statements = split_sql(sql);
  if (!statements) return 0;
  for (const Statement& statement : *statements) {
    const auto again = split_sql(statement.text);
    const bool is_stable = again && again->size() == 1 && again->front().text == statement.text &&
                           again->front().kind == statement.kind && again->front().name == statement.name;
    if (!is_stable) std::abort();
    porpoise::openmldb::is_same_query(statement.text, sql);
    porpoise::openmldb::headline(statement.text, 20);
  }
  return 0;
}
