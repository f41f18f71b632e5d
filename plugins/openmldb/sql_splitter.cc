#include "openmldb/sql_splitter.h"

#include <algorithm>
#include <span>

#include "openmldb/sql_lexer.h"

namespace porpoise::openmldb {
namespace {

// Reads the leading tokens of one statement; past the end everything is simply "not there".
class Reader {
 public:
  explicit Reader(std::span<const Token> tokens) : tokens_(tokens) {}

  bool take_word(std::string_view upper) { return take_if(at_ < tokens_.size() && tokens_[at_].is_word(upper)); }
  bool take_symbol(char symbol) { return take_if(at_ < tokens_.size() && tokens_[at_].is_symbol(symbol)); }
  bool peek_name() const { return at_ < tokens_.size() && tokens_[at_].is_name(); }
  std::string take_text() { return at_ < tokens_.size() ? tokens_[at_++].unquoted() : std::string(); }

  // IF EXISTS, IF NOT EXISTS
  bool take_condition() {
    if (!take_word("IF")) return false;
    take_word("NOT");
    return take_word("EXISTS");
  }

  // name or qualifier.name
  void take_name(Statement& statement) {
    if (!peek_name()) return;
    statement.name = take_text();
    if (!take_symbol('.')) return;
    statement.qualifier = std::move(statement.name);
    statement.name = take_text();
  }

 private:
  bool take_if(bool matches) {
    if (matches) ++at_;
    return matches;
  }

  std::span<const Token> tokens_;
  std::size_t at_ = 0;
};

bool has_into_outfile(std::span<const Token> tokens) {
  return std::adjacent_find(tokens.begin(), tokens.end(), [](const Token& a, const Token& b) {
           return a.is_word("INTO") && b.is_word("OUTFILE");
         }) != tokens.end();
}

void read_set(Reader& reader, Statement& statement) {
  statement.kind = StatementKind::kSet;
  while (reader.take_symbol('@')) {
  }
  reader.take_name(statement);
  statement.name = to_lower(statement.name);
  statement.qualifier = to_lower(statement.qualifier);
  if (reader.take_symbol('=')) statement.value = reader.take_text();
}

void read_create(Reader& reader, Statement& statement) {
  const bool is_table = reader.take_word("TABLE");
  if (!is_table) reader.take_text();  // DATABASE, INDEX, FUNCTION …
  statement.is_conditional = reader.take_condition();
  if (!is_table) return;
  statement.kind = StatementKind::kCreateTable;
  reader.take_name(statement);
}

void read_deploy(Reader& reader, Statement& statement) {
  statement.kind = StatementKind::kDeploy;
  statement.is_conditional = reader.take_condition();
  reader.take_name(statement);
}

bool starts_query(std::span<const Token> tokens) {
  const auto first =
      std::find_if(tokens.begin(), tokens.end(), [](const Token& token) { return !token.is_symbol('('); });
  return first != tokens.end() && (first->is_word("SELECT") || first->is_word("WITH"));
}

void classify(std::span<const Token> tokens, Statement& statement) {
  Reader reader(tokens);
  if (starts_query(tokens)) {
    statement.kind = has_into_outfile(tokens) ? StatementKind::kSelectInto : StatementKind::kSelect;
  } else if (reader.take_word("USE")) {
    statement.kind = StatementKind::kUse;
    statement.name = reader.take_text();
  } else if (reader.take_word("SET")) {
    read_set(reader, statement);
  } else if (reader.take_word("LOAD")) {
    if (reader.take_word("DATA")) statement.kind = StatementKind::kLoadData;
  } else if (reader.take_word("INSERT")) {
    statement.kind = StatementKind::kInsert;
  } else if (reader.take_word("DEPLOY")) {
    read_deploy(reader, statement);
  } else if (reader.take_word("CREATE")) {
    read_create(reader, statement);
  } else if (reader.take_word("DROP")) {
    reader.take_text();
    statement.is_conditional = reader.take_condition();
  } else if (reader.take_word("SHOW") || reader.take_word("DESC") || reader.take_word("DESCRIBE") ||
             reader.take_word("EXPLAIN")) {
    statement.kind = StatementKind::kRead;
  }
}

// Counts lines once over the whole text, not from its beginning for every statement.
class LineCounter {
 public:
  explicit LineCounter(std::string_view sql) : sql_(sql) {}

  void place(std::size_t offset, Statement& statement) {
    for (; at_ < offset; ++at_) {
      if (sql_[at_] != '\n') continue;
      ++line_;
      line_start_ = at_ + 1;
    }
    statement.line = line_;
    statement.column = offset - line_start_ + 1;
  }

 private:
  std::string_view sql_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_start_ = 0;
};

Statement make_statement(std::string_view sql, std::span<const Token> tokens, LineCounter& lines) {
  Statement statement;
  const std::size_t begin = tokens.front().offset;
  statement.text = sql.substr(begin, tokens.back().offset + tokens.back().text.size() - begin);
  lines.place(begin, statement);
  classify(tokens, statement);
  return statement;
}

}  // namespace

Result<std::vector<Statement>> split_sql(std::string_view sql) {
  if (sql.size() > kMaxSqlBytes)
    return fail(ErrorCode::kInvalid,
                "the SQL text is larger than the limit of " + std::to_string(kMaxSqlBytes) + " bytes");
  PORPOISE_TRY(const std::vector<Token> tokens, lex_sql(sql));
  std::vector<Statement> statements;
  LineCounter lines(sql);
  for (auto begin = tokens.begin(); begin != tokens.end();) {
    const auto end = std::find_if(begin, tokens.end(), [](const Token& token) { return token.is_symbol(';'); });
    if (begin != end) statements.push_back(make_statement(sql, {begin, end}, lines));
    if (statements.size() > kMaxStatements)
      return fail(ErrorCode::kInvalid, "the SQL text has more than " + std::to_string(kMaxStatements) + " statements");
    begin = end == tokens.end() ? end : end + 1;
  }
  return statements;
}

bool starts_job(const Statement& statement, Mode mode) {
  switch (statement.kind) {
    case StatementKind::kLoadData: return true;
    case StatementKind::kSelect:
    case StatementKind::kSelectInto:
    case StatementKind::kInsert: return mode == Mode::kOffline;
    default: return false;
  }
}

bool is_repeatable(const Statement& statement, Mode mode) {
  switch (statement.kind) {
    case StatementKind::kSet:
    case StatementKind::kRead: return true;
    case StatementKind::kSelect: return mode == Mode::kOnline;
    case StatementKind::kCreateTable:
    case StatementKind::kOther: return statement.is_conditional;
    default: return false;
  }
}

std::string headline(std::string_view text, std::size_t max_chars) {
  std::string line;
  std::size_t chars = 0;
  for (const char c : text) {
    const bool is_blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (is_blank && (line.empty() || line.back() == ' ')) continue;
    const bool is_continuation = (c & 0xC0) == 0x80;  // of a UTF-8 character that has been counted
    if (!is_continuation && chars++ == max_chars) return line + "…";
    line += is_blank ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace porpoise::openmldb
