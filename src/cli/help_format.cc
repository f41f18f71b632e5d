#include "cli/help_format.h"

#include <algorithm>
#include <utility>

namespace porpoise {

// CLI11 appends what its checks want: "TEXT:FILE", "TEXT:{a,b}", "UINT:INT in [1 - 9]". Of these, choices are shown,
// and a kind of file in place of TEXT.
std::string value_name(std::string text) {
  if (const std::size_t list = text.find(":{"); list != std::string::npos && text.ends_with('}')) {
    text = text.substr(list + 2, text.size() - list - 3);
    std::replace(text.begin(), text.end(), ',', '|');
    return text;
  }
  for (const std::string_view kind : {"FILE", "DIR"})
    if (text.ends_with(":" + std::string(kind))) return std::string(kind);
  for (const std::string_view range : {":INT in [", ":FLOAT in ["})
    if (text.find(range) != std::string::npos) return "NUMBER";
  return text;
}

std::string wrap_words(std::string_view text, std::size_t columns) {
  std::string wrapped;
  while (true) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (line.size() > columns) {
      const std::size_t words = line.find_first_not_of(' ');
      std::size_t cut = line.rfind(' ', columns);
      if (cut == std::string_view::npos || cut < words) cut = line.find(' ', words);
      if (cut == std::string_view::npos) break;
      wrapped.append(line.substr(0, line.find_last_not_of(' ', cut) + 1)) += '\n';
      line.remove_prefix(std::min(line.find_first_not_of(' ', cut), line.size()));
    }
    wrapped += line;
    if (end == text.size()) return wrapped;
    wrapped += '\n';
    text.remove_prefix(end + 1);
  }
}

// Without the "{false}" of --no-….
std::string HelpFormat::make_option_name(const CLI::Option* option, bool is_positional) const {
  const std::string name = CLI::Formatter::make_option_name(option, is_positional);
  return name.substr(0, name.find('{'));
}

std::string HelpFormat::make_option_opts(const CLI::Option* option) const {
  if (option->get_type_size() == 0 || option->get_type_name().empty()) return "";
  return " " + value_name(option->get_type_name()) +
         (option->get_expected_max() == CLI::detail::expected_max_vector_size ? "..." : "");
}

std::string HelpFormat::make_option_desc(const CLI::Option* option) const {
  return wrap_words(option->get_description(), kHelpColumns - get_column_width());
}

std::string HelpFormat::make_description(const CLI::App* app) const {
  return wrap_words(app->get_description(), kHelpColumns) + "\n";
}

// One empty line between groups, not two.
std::string HelpFormat::make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const {
  std::string text = CLI::Formatter::make_help(app, std::move(name), mode);
  for (std::size_t at = 0; (at = text.find("\n\n\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

}  // namespace porpoise
