// What config/settings_table.cc says of each key, as a man page and as a file to begin with.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/help_format.h"
#include "cli/man_page.h"
#include "config/settings_table.h"

namespace porpoise {
namespace {

std::string default_of(const Setting& setting) { return setting.value.format(WorkerConfig()); }

// "resources.type" stands as `type` below `resources`.
std::string_view section_of(const Setting& setting) {
  const std::size_t dot = setting.name.find('.');
  return dot == std::string_view::npos ? std::string_view() : setting.name.substr(0, dot);
}

std::string stock_names_of(const Setting& setting) {
  std::string names;
  const auto append = [&names](std::string_view name) {
    if (!name.empty()) names += (names.empty() ? "" : ", ") + std::string(name);
  };
  for (const DsKey& key : setting.application) append(key.path);
  append(setting.property);
  append(setting.ds_variable);
  return names;
}

void write_setting(RoffWriter& page, const Setting& setting) {
  page.term(setting.name, setting.value.type_name(), setting.help);
  std::string facts = "It takes " + setting.value.accepted() + ".";
  if (const std::string fallback = default_of(setting); !fallback.empty())
    facts += " Default: " + fallback + ".";
  else if (!setting.when_empty.empty())
    facts += " Without it: " + std::string(setting.when_empty) + ".";
  facts += " Variable: " + variable_of(setting) + ".";
  if (const std::string stock = stock_names_of(setting); !stock.empty()) facts += " In a Java worker: " + stock + ".";
  if (setting.at_run_time) facts += " A running worker takes it over at SIGHUP.";
  if (setting.secret) facts += " A secret: it is shown nowhere, and no other user should read the file.";
  page.continue_term(facts);
}

// A scalar that YAML reads as the text it is.
std::string yaml_of(const std::string& text) {
  const bool is_plain = text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:-") ==
                            std::string::npos &&
                        text.find(": ") == std::string::npos && !text.ends_with(':');
  return is_plain ? text : "\"" + text + "\"";
}

constexpr std::size_t kExampleColumns = 96;

std::string commented(std::string_view text, const std::string& indent) {
  std::string lines = indent + "# ";
  for (const char c : wrap_words(text, kExampleColumns)) {
    lines += c;
    if (c == '\n') lines += indent + "# ";
  }
  return lines + "\n";
}

std::string example_of(const Setting& setting) {
  const std::string_view section = section_of(setting);
  const std::string indent = section.empty() ? "  " : "    ";
  const std::string_view key = section.empty() ? setting.name : setting.name.substr(section.size() + 1);
  std::string about(setting.help);
  if (!setting.when_empty.empty()) about += " [" + std::string(setting.when_empty) + "]";
  if (setting.at_run_time) about += "; taken over at SIGHUP";
  const std::string fallback = default_of(setting);
  const std::string value = fallback.empty() ? setting.value.type_name() : yaml_of(fallback);
  return commented(about, indent) + indent + "#" + std::string(key) + ": " + value + "\n";
}

constexpr std::string_view kHead =
    R"(# The configuration of `porpoise worker` on this machine; porpoise.yaml(5) tells more of each key.
#
# Each key stands here with its default, in a comment; one in capitals is where a value goes, and what the key means
# without one is in brackets. Remove the # to set it, and that of `resources:` for what is below it.
#   porpoise config check     says what is wrong
#   porpoise config show      says what is in force, and where it comes from
# Keep the file from others: chown root:porpoise porpoise.yaml && chmod 640 porpoise.yaml

worker:
)";
constexpr std::string_view kPlugins = R"(
# A section for each task type, as its own document describes it:
#plugins:
#  TYPE:
#    key: value
)";

}  // namespace

ManPage settings_page() {
  RoffWriter page("porpoise.yaml", 5, "File Formats", "configuration of porpoise");
  page.section("DESCRIPTION");
  page.paragraph(
      "A YAML file with two sections: worker, whose keys are below, and plugins, which has a section for each "
      "task type. It is looked for in the current folder, in $XDG_CONFIG_HOME/porpoise (else "
      "~/.config/porpoise) and in /etc/porpoise; the first one counts. --config and PORPOISE_CONFIG name "
      "another.");
  page.paragraph(
      "Lowest to highest: default, the files of a Java worker (--ds-conf), this file, the Java worker's "
      "environment variables, those that begin with PORPOISE_, flags. porpoise config show tells which one "
      "it was. A key with a dot, such as resources.type, is type below resources.");
  page.paragraph(
      "A worker does not start with a file that another user could change: it must belong to root, to the "
      "worker's user or to the owner of the program, and nobody else may write it or its folder.");
  std::string_view group;
  for (const Setting& setting : worker_settings()) {
    if (setting.group != group) page.section(upper_case(group = setting.group));
    write_setting(page, setting);
  }
  page.section("EXAMPLES");
  page.verbatim(
      "worker:\n"
      "  zookeeper: zk1:2181,zk2:2181\n"
      "  exec-threads: 100\n"
      "  resources: {type: s3, bucket: dolphinscheduler, region: eu-west-1}\n"
      "plugins:\n"
      "  TYPE: {key: value}");
  page.paragraph("porpoise config example prints a file with every key in a comment.");
  page.see_also("porpoise(1), porpoise-worker(1), porpoise-config(1)");
  return std::move(page).page();
}

std::string settings_example() {
  std::string text(kHead);
  std::string_view group;
  std::string_view section;
  for (const Setting& setting : worker_settings()) {
    if (setting.group != group) text += "\n  # --- " + std::string(group = setting.group) + "\n\n";
    if (section_of(setting) != section) {
      section = section_of(setting);
      if (!section.empty()) text += "  #" + std::string(section) + ":\n";
    }
    text += example_of(setting);
  }
  return text + std::string(kPlugins);
}

}  // namespace porpoise
