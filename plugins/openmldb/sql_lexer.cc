#include "openmldb/sql_lexer.h"

#include <algorithm>
#include <cctype>

#include "base/json.h"

namespace porpoise::openmldb {
namespace {

bool is_blank(char c) { return std::string_view(" \t\r\n\v\f").find(c) != std::string_view::npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes of UTF-8 beyond ASCII count as letters, so a name in any script stays one token.
bool is_word_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0; }
bool is_word_part(char c) { return is_word_start(c) || is_digit(c); }

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      PORPOISE_TRY_VOID(skip_blanks_and_comments());
      if (at_ == sql_.size()) return tokens;
      const std::size_t begin = at_;
      PORPOISE_TRY(const TokenKind kind, take_token());
      tokens.push_back({kind, sql_.substr(begin, at_ - begin), begin});
    }
  }

 private:
  bool starts_with(std::string_view text) const { return sql_.substr(at_, text.size()) == text; }

  Status skip_blanks_and_comments() {
    while (at_ < sql_.size()) {
      if (is_blank(sql_[at_])) {
        ++at_;
      } else if (starts_with("--") || starts_with("#")) {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (starts_with("/*")) {
        const std::size_t end = sql_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return unterminated("comment", "*/");
        at_ = end + 2;
      } else {
        return {};
      }
    }
    return {};
  }

  Result<TokenKind> take_token() {
    const char first = sql_[at_];
    if (is_word_start(first)) {
      while (at_ < sql_.size() && is_word_part(sql_[at_])) ++at_;
      return TokenKind::kWord;
    }
    if (is_digit(first)) {
      while (at_ < sql_.size() && (is_word_part(sql_[at_]) || sql_[at_] == '.')) ++at_;
      return TokenKind::kNumber;
    }
    if (first == '\'' || first == '"') {
      PORPOISE_TRY_VOID(take_quoted("string", first));
      return TokenKind::kString;
    }
    if (first == '`') {
      PORPOISE_TRY_VOID(take_quoted("name", first));
      return TokenKind::kQuotedName;
    }
    ++at_;
    return TokenKind::kSymbol;
  }

  // A doubled quote needs no care: it reads as the end of one literal and the beginning of the next.
  Status take_quoted(std::string_view what, char quote) {
    for (std::size_t i = at_ + 1; i < sql_.size(); ++i) {
      if (sql_[i] == '\\') {
        ++i;
      } else if (sql_[i] == quote) {
        at_ = i + 1;
        return {};
      }
    }
    return unterminated(what, std::string(1, quote));
  }

  Status unterminated(std::string_view what, const std::string& end) const {
    return fail(ErrorCode::kInvalid, describe_position(sql_, at_) + ": the " + std::string(what) +
                                         " that begins here has no closing " + end);
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

std::string mapped(std::string_view text, int (*map)(int)) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [map](unsigned char c) { return static_cast<char>(map(c)); });
  return result;
}

}  // namespace

bool Token::is_word(std::string_view upper) const { return kind == TokenKind::kWord && to_upper(text) == upper; }

std::string Token::unquoted() const {
  const bool is_quoted = kind == TokenKind::kString || kind == TokenKind::kQuotedName;
  return std::string(is_quoted ? text.substr(1, text.size() - 2) : text);
}

Result<std::vector<Token>> lex_sql(std::string_view sql) { return Lexer(sql).run(); }

std::string to_upper(std::string_view text) { return mapped(text, std::toupper); }
std::string to_lower(std::string_view text) { return mapped(text, std::tolower); }

}  // namespace porpoise::openmldb
