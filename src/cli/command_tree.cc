#include "cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>

#include "cli/help_format.h"

namespace porpoise {
namespace {

// "a|b" is a choice; "HOST:PORT" and "NAME|/RE/" are not.
std::vector<std::string> choices_in(const std::string& value) {
  if (value.find('|') == std::string::npos) return {};
  std::vector<std::string> choices(1);
  for (const char c : value) {
    if (c == '|')
      choices.emplace_back();
    else if (std::isupper(static_cast<unsigned char>(c)) != 0 || c == '/')
      return {};  // a word that stands for others
    else
      choices.back() += c;
  }
  return choices;
}

OptionEntry describe_option(const CLI::Option& option) {
  OptionEntry entry;
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  if (option.get_type_size() != 0 && !option.get_type_name().empty()) entry.value = value_name(option.get_type_name());
  entry.choices = choices_in(entry.value);
  if (entry.names.empty() && entry.choices.empty() && entry.value != "FILE" && entry.value != "DIR")
    entry.value = option.get_name(true);
  entry.help = option.get_description();
  entry.group = option.get_group();
  entry.required = option.get_required();
  entry.repeated = option.get_expected_max() > 1;
  return entry;
}

}  // namespace

bool OptionEntry::has_name(std::string_view name) const {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const CommandEntry* CommandEntry::find_command(std::string_view command) const {
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [command](const CommandEntry& entry) { return entry.name == command; });
  return found == commands.end() ? nullptr : &*found;
}

const OptionEntry* CommandEntry::find_option(std::string_view option) const {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [option](const OptionEntry& entry) { return entry.has_name(option); });
  return found == options.end() ? nullptr : &*found;
}

CommandEntry describe_commands(const CLI::App& app, const std::string& path) {
  CommandEntry entry;
  entry.name = app.get_name();
  entry.path = path.empty() ? entry.name : path + " " + entry.name;
  entry.summary = app.get_description();
  entry.footer = app.get_footer();
  entry.is_program = app.get_prefix_command();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    OptionEntry described = describe_option(*option);
    (described.names.empty() ? entry.values : entry.options).push_back(std::move(described));
  }
  for (const CLI::App* command : app.get_subcommands({}))
    if (!command->get_group().empty()) entry.commands.push_back(describe_commands(*command, entry.path));
  return entry;
}

}  // namespace porpoise
