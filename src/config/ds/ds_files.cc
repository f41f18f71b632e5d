#include "config/ds/ds_conf.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace porpoise {
namespace {

constexpr std::string_view kBlanks = " \t\f";

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

// An odd number of backslashes at the end continues the line.
bool is_continued(std::string_view line) {
  const std::size_t last = line.find_last_not_of('\\');
  return (line.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  // The next logical line: comments and empty lines are left out, continued ones joined.
  std::optional<LocatedValue> next() {
    while (const auto first = without_blanks_of_next()) {
      if (first->empty() || (*first)[0] == '#' || (*first)[0] == '!') continue;
      LocatedValue line{"", std::string(*first), number_, false};
      while (is_continued(line.text)) {
        line.text.pop_back();
        const auto more = without_blanks_of_next();
        if (!more) break;
        line.text += *more;
      }
      return line;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string_view> without_blanks_of_next() {
    if (at_ >= text_.size()) return std::nullopt;
    const std::size_t end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    const std::string_view line = text_.substr(at_, end - at_);
    at_ = end + (text_.substr(end, 2) == "\r\n" ? 2 : 1);
    ++number_;
    return without_blanks(line);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t number_ = 0;
};

void append_utf8(std::string& text, unsigned code) {
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0U | (code >> 6U));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  } else {
    text += static_cast<char>(0xE0U | (code >> 12U));
    text += static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
    text += static_cast<char>(0x80U | (code & 0x3FU));
  }
}

// \t \n \r \f \uXXXX; any other character after a backslash is itself.
std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char c = text[++i];
    unsigned code = 0;
    const char* const digits = text.data() + i + 1;
    if (c == 'u' && text.size() - i > 4 && std::from_chars(digits, digits + 4, code, 16).ptr == digits + 4) {
      append_utf8(result, code);
      i += 4;
    } else {
      const std::size_t known = std::string_view("tnrf").find(c);
      result += known == std::string_view::npos ? c : "\t\n\r\f"[known];
    }
  }
  return result;
}

// The offset of the first blank, '=' or ':' without a backslash before it.
std::size_t end_of_key(std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || kBlanks.find(line[i]) != std::string_view::npos) {
      return i;
    }
  }
  return line.size();
}

}  // namespace

std::vector<LocatedValue> parse_properties(std::string_view text) {
  std::vector<LocatedValue> values;
  Lines lines(text);
  while (auto line = lines.next()) {
    const std::string_view content = line->text;
    const std::size_t end = end_of_key(content);
    std::string_view value = without_blanks(content.substr(end));
    if (!value.empty() && (value[0] == '=' || value[0] == ':')) value = without_blanks(value.substr(1));
    values.push_back({unescape(content.substr(0, end)), unescape(value), line->line, value.empty()});
  }
  return values;
}

namespace {

constexpr std::size_t kMaxNesting = 16;  // of values within values: more is a value that needs itself
constexpr std::size_t kMaxSteps = 1000;  // placeholders of one value: they can multiply at each level
constexpr std::size_t kMaxExpandedBytes = 32U << 10U;

// The offset of the '}' that ends what begins at `from`; braces within are counted. npos: there is none.
std::size_t end_of(std::string_view text, std::size_t from) {
  std::size_t open = 0;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '{') ++open;
    if (text[i] == '}' && open-- == 0) return i;
  }
  return std::string_view::npos;
}

class PlaceholderResolver {
 public:
  explicit PlaceholderResolver(const PlaceholderLookup& lookup) : lookup_(lookup) {}

  Result<std::string> resolve(std::string_view text, std::size_t depth) {
    if (depth > kMaxNesting) return fail(ErrorCode::kInvalid, "placeholders that need themselves");
    std::string result;
    while (true) {
      const std::size_t begin = text.find("${");
      const std::size_t end = begin == std::string_view::npos ? begin : end_of(text, begin + 2);
      if (end == std::string_view::npos) break;
      result += text.substr(0, begin);
      PORPOISE_TRY(const std::string value, value_of(text.substr(begin + 2, end - begin - 2), depth));
      result += value;
      if (result.size() > kMaxExpandedBytes) return fail(ErrorCode::kInvalid, "placeholders that become too long");
      text.remove_prefix(end + 1);
    }
    return result.append(text);
  }

 private:
  Result<std::string> value_of(std::string_view inner, std::size_t depth) {
    if (++steps_ > kMaxSteps)
      return fail(ErrorCode::kInvalid, "more than " + std::to_string(kMaxSteps) + " placeholders");
    PORPOISE_TRY(const std::string name, resolve(inner, depth + 1));
    if (const auto found = lookup_(name)) return resolve(*found, depth + 1);
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos) return fail(ErrorCode::kInvalid, "placeholder ${" + name + "} has no value");
    if (const auto found = lookup_(std::string_view(name).substr(0, colon))) return resolve(*found, depth + 1);
    return name.substr(colon + 1);
  }

  const PlaceholderLookup& lookup_;
  std::size_t steps_ = 0;
};

}  // namespace

Result<std::string> resolve_placeholders(std::string_view text, const PlaceholderLookup& lookup) {
  return PlaceholderResolver(lookup).resolve(text, 0);
}

}  // namespace porpoise
