#include "openmldb/sql_escapes.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/json.h"
#include "openmldb/sql_lexer.h"

namespace porpoise::openmldb {
namespace {

// "The Python Language Reference", 2.4.1: escapes of one character, and what they mean.
constexpr std::string_view kSimple = "\\'\"abfnrtv";
constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";

bool is_octal(char c) { return c >= '0' && c <= '7'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(std::uint32_t code, std::string& text) {
  const auto tail = [&](unsigned shift) { text += static_cast<char>(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    text += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

class PythonLiteral {
 public:
  explicit PythonLiteral(std::string_view inside) : inside_(inside) {}

  Result<std::string> meaning() {
    while (at_ < inside_.size()) {
      const char c = inside_[at_];
      if (c == '"') return problem("the quote would end the Python literal; write \\\"");
      if (c == '\r') return problem("a carriage return would end the line of the Python literal");
      if (c == '\0') return problem("Python takes no NUL in its source");
      if (c == '\\') {
        PORPOISE_TRY_VOID(take_escape());
      } else {
        text_ += c;
        ++at_;
      }
    }
    return std::move(text_);
  }

 private:
  Status take_escape() {
    if (at_ + 1 == inside_.size()) return problem("the backslash would escape the end of the Python literal");
    const char kind = inside_[at_ + 1];
    // The stock task cuts at every ';' and has made \n of each line end, in front of which the backslash is escaped.
    if (kind == ';') return problem("the backslash would escape the end of the Python literal; write \\\\");
    if (kind == '\n') return take("\\n");
    if (const auto simple = kSimple.find(kind); simple != std::string_view::npos)
      return take(kMeanings.substr(simple, 1));
    if (is_octal(kind)) return take_octal();
    if (kind == 'x') return take_hex(2);
    if (kind == 'u') return take_hex(4);
    if (kind == 'U') return take_hex(8);
    if (kind == 'N') return problem("\\N{…} is not read here; write the character itself");
    text_ += '\\';  // no escape: the backslash stays, and what follows is read as any other text
    ++at_;
    return {};
  }

  Status take(std::string_view meaning) {
    text_ += meaning;
    at_ += 2;
    return {};
  }

  Status take_octal() {
    std::uint32_t code = 0;
    std::size_t digits = 0;
    while (digits < 3 && at_ + 1 + digits < inside_.size() && is_octal(inside_[at_ + 1 + digits])) {
      code = code * 8 + static_cast<std::uint32_t>(inside_[at_ + 1 + digits] - '0');
      ++digits;
    }
    append_utf8(code, text_);
    at_ += 1 + digits;
    return {};
  }

  Status take_hex(std::size_t digits) {
    std::uint32_t code = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const std::size_t place = at_ + 2 + i;
      const int value = place < inside_.size() ? hex_value(inside_[place]) : -1;
      if (value < 0)
        return problem(std::string("\\") + inside_[at_ + 1] + " takes " + std::to_string(digits) +
                       " hexadecimal digits; write \\\\ for a backslash");
      code = code * 16 + static_cast<std::uint32_t>(value);
    }
    if (code > 0x10FFFF) return problem("there is no character with this code");
    if (code >= 0xD800 && code <= 0xDFFF) return problem("half of a surrogate pair is no character; use \\U");
    append_utf8(code, text_);
    at_ += 2 + digits;
    return {};
  }

  tl::unexpected<Error> problem(const std::string& what) const {
    return fail(ErrorCode::kInvalid, describe_position(inside_, at_) + ": " + what);
  }

  std::string_view inside_;
  std::string text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<SqlEscapes> parse_sql_escapes(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower == "auto") return SqlEscapes::kAuto;
  if (lower == "python") return SqlEscapes::kPython;
  if (lower == "none") return SqlEscapes::kNone;
  return fail(ErrorCode::kInvalid,
              "parameter 'sqlEscapes' must be python, none or auto, not '" + headline(text, 40) + "'");
}

Result<std::string> python_meaning(std::string_view sql) { return PythonLiteral(sql).meaning(); }

Result<SqlReading> read_sql(std::string_view sql, SqlEscapes escapes) {
  const bool differs = sql.find('\\') != std::string_view::npos;
  if (escapes == SqlEscapes::kNone || (escapes == SqlEscapes::kAuto && !differs)) {
    PORPOISE_TRY(std::vector<Statement> statements, split_sql(sql));
    return SqlReading{std::move(statements), {}};
  }
  const Result<std::string> meaning = python_meaning(sql);
  if (escapes == SqlEscapes::kPython) {
    if (!meaning)
      return fail(meaning.error().wrap("'sqlEscapes' is python, but the text is not the inside of a Python literal"));
    PORPOISE_TRY(std::vector<Statement> statements, split_sql(*meaning));
    return SqlReading{std::move(statements), {}};
  }
  auto written = split_sql(sql);
  if (!meaning || *meaning == sql) {
    if (!written) return fail(written.error());
    return SqlReading{std::move(*written), {}};
  }
  auto python = split_sql(*meaning);
  if (!python && !written) return fail(python.error());
  if (!python)
    return SqlReading{std::move(*written),
                      "'sql' is taken as written: with its escapes undone, as the stock task's Python "
                      "would, it cannot be read (" +
                          python.error().to_string() + "); sqlEscapes: none or python settles it"};
  if (!written) return SqlReading{std::move(*python), {}};
  return SqlReading{
      std::move(*python),
      "'sql' can be read in two ways, and its escapes are undone, as the stock task's Python does; set the "
      "parameter sqlEscapes: none to have it taken as written"};
}

}  // namespace porpoise::openmldb
