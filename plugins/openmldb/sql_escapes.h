// The two readings of a task's SQL: as written, and as the inside of a Python string literal. Pure.
//
// The stock task (3.1 `OpenmldbTask`) writes each statement into a script as con.execute("…"), so users of it have to
// write \" for a quote and \\ for a backslash; what OpenMLDB gets is what Python makes of that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "openmldb/sql_splitter.h"

namespace porpoise::openmldb {

// Parameter `sqlEscapes`.
enum class SqlEscapes {
  kAuto,    // as Python where the text is valid inside "…", else as written
  kPython,  // always as Python
  kNone,    // always as written
};

// `text` in any case; the error names the choices.
Result<SqlEscapes> parse_sql_escapes(std::string_view text);

// What OpenMLDB would get from the stock task, whose lines end with \n before Python sees them. A backslash before
// anything that is no escape stays, as in Python. Errors: kInvalid, "line L, column C: …", where Python would refuse
// the literal or send nothing that is text: a quote that ends it, a half escape, a lone surrogate, a backslash before
// the
// ';' that ends the literal; and for \N{…}, whose names are not known here.
Result<std::string> python_meaning(std::string_view sql);

struct SqlReading {
  std::vector<Statement> statements;  // lines and columns are those of the text that was taken
  std::string remark;                 // which reading was taken, where both exist and differ; else empty
};

// Splits the reading that `escapes` asks for. With kAuto, a reading whose statements cannot be told apart does not
// exist. Errors: kInvalid, as of split_sql and python_meaning.
Result<SqlReading> read_sql(std::string_view sql, SqlEscapes escapes);

}  // namespace porpoise::openmldb
