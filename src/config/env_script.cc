#include "config/env_script.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxExports = 1000;           // each line of 1 MiB could double the value of the one before
constexpr std::size_t kMaxValueBytes = 32U << 10U;  // a PATH is a tenth of it
constexpr std::size_t kMaxDefaultDepth = 16;        // of defaults within defaults

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string_view name_at(std::string_view text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), is_name_char);
  const std::string_view name = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) != 0 ? std::string_view() : name;
}

// One word of bash, from its beginning to an unquoted blank; nothing when it needs a shell.
class Word {
 public:
  using Lookup = std::function<const std::string*(std::string_view name)>;

  Word(std::string_view text, const Lookup& lookup) : rest_(text), lookup_(lookup) {}

  std::optional<std::string> read() {
    if (!read_until(" \t", 0)) return std::nullopt;
    const std::size_t next = rest_.find_first_not_of(" \t");
    if (next != std::string_view::npos && rest_[next] != '#') return std::nullopt;  // more words, or a command
    return std::move(value_);
  }

 private:
  // Up to one of `ends`, which is not taken, or the end of the text.
  bool read_until(std::string_view ends, std::size_t depth) {
    if (depth > kMaxDefaultDepth) return false;
    while (!rest_.empty() && ends.find(rest_[0]) == std::string_view::npos) {
      if (value_.size() > kMaxValueBytes || !read_piece(ends, depth)) return false;
    }
    return value_.size() <= kMaxValueBytes;
  }

  bool read_piece(std::string_view ends, std::size_t depth) {
    const bool in_quotes = ends == "\"";
    const char c = rest_[0];
    if (c == '$') return read_reference(in_quotes, depth);
    if (c == '`' || c == '\\') return false;
    if (!in_quotes) {
      if (c == '\'') return read_quoted();
      if (c == '"') return read_double_quoted(depth);
      if (std::string_view(";&|<>(){}~").find(c) != std::string_view::npos) return false;
    }
    value_ += c;
    rest_.remove_prefix(1);
    return true;
  }

  bool read_quoted() {
    const std::size_t end = rest_.find('\'', 1);
    if (end == std::string_view::npos) return false;
    value_ += rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }

  bool read_double_quoted(std::size_t depth) {
    rest_.remove_prefix(1);
    if (!read_until("\"", depth + 1) || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool read_reference(bool in_quotes, std::size_t depth) {
    const bool braces = rest_.size() > 1 && rest_[1] == '{';
    rest_.remove_prefix(braces ? 2 : 1);
    const std::string_view name = name_at(rest_);
    if (name.empty()) return false;
    rest_.remove_prefix(name.size());
    const std::string* const found = lookup_(name);
    if (!braces) return take(found, "");
    const bool empty_is_unset = rest_.starts_with(":-");
    std::string fallback;
    if (empty_is_unset || rest_.starts_with("-")) {
      rest_.remove_prefix(empty_is_unset ? 2 : 1);
      if (in_quotes) return false;  // quotes within quotes have rules of their own
      std::swap(value_, fallback);
      const bool read = read_until("}", depth + 1);
      std::swap(value_, fallback);
      if (!read) return false;
    }
    if (!rest_.starts_with("}")) return false;
    rest_.remove_prefix(1);
    return take(empty_is_unset && found != nullptr && found->empty() ? nullptr : found, fallback);
  }

  bool take(const std::string* found, const std::string& fallback) {
    value_ += found != nullptr ? *found : fallback;
    return true;
  }

  std::string_view rest_;
  const Lookup& lookup_;
  std::string value_;
};

// "export NAME=value" taken apart; no name when the line is something else.
struct ExportLine {
  bool is_indented = false;  // inside an `if` or a function: whether it runs is not known
  std::string_view name;
  std::string_view value;
};

ExportLine parse_export(std::string_view line) {
  constexpr std::string_view kExport = "export";
  if (line.ends_with('\r')) line.remove_suffix(1);
  ExportLine result;
  const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(indent);
  if (!line.starts_with(kExport)) return {};
  line.remove_prefix(kExport.size());
  const std::size_t blanks = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(blanks);
  const std::string_view name = name_at(line);
  if (blanks == 0 || name.empty() || !line.substr(name.size()).starts_with('=')) return {};
  return {indent > 0, name, line.substr(name.size() + 1)};
}

}  // namespace

EnvExports parse_env_script(std::string_view text, const Variables& variables) {
  EnvExports exports;
  Variables earlier;
  const Word::Lookup lookup = [&](std::string_view name) -> const std::string* {
    if (const auto found = earlier.find(name); found != earlier.end()) return &found->second;
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : &found->second;
  };
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const ExportLine line = parse_export(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.name.empty()) continue;
    const bool is_readable = !line.is_indented && exports.plain.size() < kMaxExports;
    auto value = is_readable ? Word(line.value, lookup).read() : std::nullopt;
    const std::string name(line.name);
    if (value) {
      earlier[name] = *value;
      exports.plain.push_back({name, *std::move(value), number, false});
    } else {
      exports.other.push_back({name, "", number, true});
    }
  }
  return exports;
}

}  // namespace porpoise
