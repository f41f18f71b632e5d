#include "cli/man_page.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"

namespace porpoise {
namespace {

constexpr const char* kUserCommands = "User Commands";

std::string arguments_of(const CommandEntry& command) {
  if (command.is_program) return "[NAME] [OPTION...]";
  if (!command.commands.empty()) return "COMMAND [OPTION...]";
  std::string text = "[OPTION...]";
  for (const OptionEntry& value : command.values) {
    const std::string word = value.value + (value.repeated ? "..." : "");
    text += value.required ? " " + word : " [" + word + "]";
  }
  return text;
}

// The groups of options in the order in which the first option of each was declared.
std::vector<std::string> groups_of(const CommandEntry& command) {
  std::vector<std::string> groups;
  for (const OptionEntry& option : command.options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  return groups;
}

void write_options(RoffWriter& page, const CommandEntry& command) {
  for (const OptionEntry& value : command.values)
    if (!value.help.empty()) page.term("", value.value, value.help);
  const std::vector<std::string> groups = groups_of(command);
  for (const std::string& group : groups) {
    if (groups.size() > 1 && group != "Options") page.paragraph(group + ":");
    for (const OptionEntry& option : command.options)
      if (option.group == group) page.term(joined(option.names, ", "), option.value, option.help);
  }
}

// "Examples:" is what the section says.
void write_examples(RoffWriter& page, std::string_view footer) {
  constexpr std::string_view kTitle = "Examples:\n";
  if (footer.starts_with(kTitle)) footer.remove_prefix(kTitle.size());
  page.verbatim(trimmed(footer, "\n"));
}

void write_exit_status(RoffWriter& page) {
  page.section("EXIT STATUS");
  page.term("0", "", "All is well.");
  page.term("1", "", "A task failed, or what was asked for did.");
  page.term("2", "", "An option or a file is wrong; standard error says which, and what is right.");
  page.term("3", "", "Something is missing on this machine, or cannot be reached.");
  page.term("130", "", "Interrupted.");
}

std::string page_name(const CommandEntry& command) {
  std::string name = command.path;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

ManPage program_page(const CommandEntry& root) {
  RoffWriter page(root.name, 1, kUserCommands,
                  "native worker for Apache DolphinScheduler 3.1, and runner of its workflows");
  page.section("SYNOPSIS");
  page.usage(root.name, arguments_of(root));
  page.section("DESCRIPTION");
  page.paragraph(root.summary);
  page.paragraph(
      "As a worker it joins the cluster that a ZooKeeper knows and runs the tasks that masters give it. "
      "Without a cluster it replays an exported workflow on this machine, through the same plugins.");
  page.section("COMMANDS");
  for (const CommandEntry& command : root.commands)
    page.term(command.name, "", command.summary + ". See " + page_name(command) + "(1).");
  page.section("OPTIONS");
  write_options(page, root);
  write_exit_status(page);
  page.section("FILES");
  page.term("porpoise.yaml", "",
            "Looked for in the current folder, in $XDG_CONFIG_HOME/porpoise (else ~/.config/porpoise) and in "
            "/etc/porpoise; the first one counts. --config and PORPOISE_CONFIG name another. See porpoise.yaml(5).");
  page.term("/var/lib/porpoise, /var/log/porpoise", "",
            "State and logs of tasks, unless data-dir and log-dir say otherwise.");
  page.section("ENVIRONMENT");
  page.term("PORPOISE_PLUGIN_PATH", "", "Folders of plugins, separated by colons, searched before the installed ones.");
  page.term("NO_COLOR, CLICOLOR_FORCE", "", "Neither colours nor their absence depend on the terminal then.");
  page.paragraph("Each key of porpoise.yaml(5) has a variable of its own, too.");
  std::string others = "porpoise.yaml(5)";
  for (const CommandEntry& command : root.commands) others += ", " + page_name(command) + "(1)";
  page.see_also(others);
  return std::move(page).page();
}

ManPage command_page(const CommandEntry& command) {
  RoffWriter page(page_name(command), 1, kUserCommands, command.summary);
  page.section("SYNOPSIS");
  if (command.commands.empty()) page.usage(command.path, arguments_of(command));
  for (const CommandEntry& below : command.commands) page.usage(below.path, arguments_of(below));
  page.section("DESCRIPTION");
  page.paragraph(command.summary + ".");
  if (command.is_program)
    page.paragraph("What there is depends on the plugins that are installed: " + command.path +
                   " --help lists it, and each has a --help of its own.");
  if (!command.options.empty() || !command.values.empty()) {
    page.section("OPTIONS");
    write_options(page, command);
  }
  if (!command.commands.empty()) page.section("COMMANDS");
  for (const CommandEntry& below : command.commands) {
    page.subsection(below.path);
    page.paragraph(below.summary + ".");
    write_options(page, below);
    if (!below.footer.empty()) write_examples(page, below.footer);
  }
  if (!command.footer.empty()) {
    page.section("EXAMPLES");
    write_examples(page, command.footer);
  }
  write_exit_status(page);
  page.see_also("porpoise(1), porpoise.yaml(5)");
  return std::move(page).page();
}

}  // namespace

std::vector<ManPage> command_pages(const CommandEntry& root) {
  std::vector<ManPage> pages{program_page(root)};
  for (const CommandEntry& command : root.commands) pages.push_back(command_page(command));
  return pages;
}

}  // namespace porpoise
