// Cuts SQL into tokens as OpenMLDB's parser sees them, so that nobody has to guess what is inside a literal. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise::openmldb {

enum class TokenKind {
  kWord,        // keyword or plain name
  kNumber,      // also 1h, 1.5e3
  kString,      // in single or double quotes
  kQuotedName,  // in backticks
  kSymbol,      // any other single character
};

struct Token {
  TokenKind kind = TokenKind::kSymbol;
  std::string_view text;  // as written, quotes included; part of the text that was cut
  std::size_t offset = 0;

  // A word of that spelling in any case; `upper` is upper-case.
  bool is_word(std::string_view upper) const;
  bool is_symbol(char symbol) const { return kind == TokenKind::kSymbol && text.front() == symbol; }
  bool is_name() const { return kind == TokenKind::kWord || kind == TokenKind::kQuotedName; }
  // Without the quotes; escapes inside stay as written.
  std::string unquoted() const;
};

// Blanks and comments (--, #, /* */) give no token. Errors: kInvalid, the position of a quote or comment without an
// end.
Result<std::vector<Token>> lex_sql(std::string_view sql);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);

}  // namespace porpoise::openmldb
