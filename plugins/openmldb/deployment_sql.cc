#include "openmldb/deployment_sql.h"

#include <algorithm>
#include <vector>

#include "openmldb/sql_lexer.h"

namespace porpoise::openmldb {
namespace {

// The tokens of the query: from the first SELECT or WITH, without the closing ';' and the END of a procedure.
std::vector<Token> query_tokens(std::string_view sql) {
  auto lexed = lex_sql(sql);
  if (!lexed) return {};
  std::vector<Token> tokens = std::move(*lexed);
  const bool is_procedure = !tokens.empty() && tokens.front().is_word("CREATE");
  const auto first = std::find_if(tokens.begin(), tokens.end(),
                                  [](const Token& token) { return token.is_word("SELECT") || token.is_word("WITH"); });
  tokens.erase(tokens.begin(), first);
  const auto drop_semicolons = [&tokens] {
    while (!tokens.empty() && tokens.back().is_symbol(';')) tokens.pop_back();
  };
  drop_semicolons();
  if (is_procedure && !tokens.empty() && tokens.back().is_word("END")) tokens.pop_back();
  drop_semicolons();
  return tokens;
}

// "OVER ( w )" at `i`: the parentheses say nothing.
bool is_parenthesised_window(const std::vector<Token>& tokens, std::size_t i) {
  return i + 3 < tokens.size() && tokens[i].is_word("OVER") && tokens[i + 1].is_symbol('(') &&
         tokens[i + 2].is_name() && tokens[i + 3].is_symbol(')');
}

// One spelling for each token; the leading mark keeps a literal from equalling a name.
std::string spelling(const Token& token) {
  if (token.kind == TokenKind::kString) return "'" + token.unquoted();
  return to_upper(token.unquoted());
}

std::vector<std::string> canonical(std::string_view sql) {
  const std::vector<Token> tokens = query_tokens(sql);
  std::vector<std::string> words;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].is_word("AS")) continue;
    words.push_back(spelling(tokens[i]));
    if (!is_parenthesised_window(tokens, i)) continue;
    words.push_back(spelling(tokens[i + 2]));
    i += 3;
  }
  return words;
}

}  // namespace

bool is_same_query(std::string_view deploy_sql, std::string_view server_sql) {
  const std::vector<std::string> mine = canonical(deploy_sql);
  return !mine.empty() && mine == canonical(server_sql);
}

std::string query_of(std::string_view sql) {
  const std::vector<Token> tokens = query_tokens(sql);
  if (tokens.empty()) return {};
  const std::size_t begin = tokens.front().offset;
  return std::string(sql.substr(begin, tokens.back().offset + tokens.back().text.size() - begin));
}

}  // namespace porpoise::openmldb
