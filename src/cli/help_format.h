// How --help looks: at most 100 columns, the value of an option by its bare name, no words of the library.
//
// Owned by the App of command_line.cc, on the thread of main; subcommands inherit it.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <string_view>

namespace porpoise {

inline constexpr std::size_t kHelpColumns = 100;

// Breaks lines between words so that they have at most `columns` characters; a longer word stays whole. Blanks at the
// beginning of a line stay.
std::string wrap_words(std::string_view text, std::size_t columns);

// The value of an option as people write it, from what CLI11 calls its type: "FILE", "kill|keep".
std::string value_name(std::string text);

class HelpFormat : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
  std::string make_description(const CLI::App* app) const override;
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace porpoise
