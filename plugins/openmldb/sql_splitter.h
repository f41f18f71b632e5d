// Splits the text of a task into statements and says what each is. Pure.
//
// The stock worker cuts at every ';', even inside literals (3.1 `OpenmldbTask`); the APIServer runs the first statement
// of a text only and drops the rest without a word. So every statement must be found, and sent alone.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise::openmldb {

enum class Mode { kOffline, kOnline };

enum class StatementKind {
  kUse,
  kSet,
  kLoadData,
  kSelect,
  kSelectInto,
  kInsert,
  kDeploy,
  kCreateTable,
  kRead,   // SHOW, DESC, EXPLAIN: no effect
  kOther,  // all else is the server's business
};

struct Statement {
  std::string text;  // from its first token to its last, without the ';'
  StatementKind kind = StatementKind::kOther;
  std::size_t line = 1;  // of its first token, 1-based
  std::size_t column = 1;
  bool is_conditional = false;  // IF EXISTS or IF NOT EXISTS
  std::string name;       // database of USE, variable of SET (lower-case), table of CREATE TABLE, deployment of DEPLOY
  std::string qualifier;  // what stands before the name: "db" of db.t, "global" of @@global.x
  std::string value;      // of SET, without quotes
};

// At most this much text and this many statements: a task's SQL is written by people.
inline constexpr std::size_t kMaxSqlBytes = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxStatements = 10000;

// Pieces without any token are left out. Errors: kInvalid, "line L, column C: …".
Result<std::vector<Statement>> split_sql(std::string_view sql);

// Whether OpenMLDB runs the statement as a TaskManager job, whose failure its answer does not tell.
bool starts_job(const Statement& statement, Mode mode);

// Whether running it twice does the same as running it once.
bool is_repeatable(const Statement& statement, Mode mode);

// How much of a statement an error message shows.
inline constexpr std::size_t kMessageChars = 120;

// One line of at most `max_chars` characters, blanks collapsed, for logs and messages.
std::string headline(std::string_view text, std::size_t max_chars);

}  // namespace porpoise::openmldb
