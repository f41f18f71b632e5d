// What the command line offers, as data: every command with its options, read from what command_line.cc declares. Man
// pages (cli/man_page.h) and completions (cli/completion.h) are made from it, so that a command is declared once and
// appears everywhere.
//
// Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace porpoise {

struct OptionEntry {
  std::vector<std::string> names;    // "-h", "--help"; empty: the value stands for itself
  std::string value;                 // "FILE", "kill|keep"; empty: a flag
  std::vector<std::string> choices;  // the words of `value` when there are no others
  std::string help;
  std::string group;  // under which --help shows it
  bool required = false;
  bool repeated = false;  // may be given more than once

  bool has_name(std::string_view name) const;
};

struct CommandEntry {
  std::string name;
  std::string path;  // "porpoise config show"
  std::string summary;
  std::string footer;                // its examples, as --help shows them
  std::vector<OptionEntry> options;  // in the order in which they were declared
  std::vector<OptionEntry> values;   // what is given without an option
  std::vector<CommandEntry> commands;
  bool is_program = false;  // its words are for another program, --help included

  const CommandEntry* find_command(std::string_view command) const;  // nullptr: there is none
  const OptionEntry* find_option(std::string_view option) const;     // by one of its names
};

// `path`: of the parent, empty for the program itself. Commands and options without a group are hidden, here too.
CommandEntry describe_commands(const CLI::App& app, const std::string& path = {});

}  // namespace porpoise
