// What plugins bring along: `porpoise plugins` shows what their notes say, `porpoise sandbox` and `porpoise doctor
// NAME` become a program of theirs (plugin/catalog.h).
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "plugin/catalog.h"
#include "plugin/note.h"
#include "progress/output.h"

namespace porpoise {
namespace {

std::string render(const Table& table, const Output& output) {
  return table.render(output.columns(), output.traits().colors);
}

std::string pretty(const OrderedJson& json) {
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string_view word_for(CatalogProblem::Kind kind) {
  switch (kind) {
    case CatalogProblem::Kind::kRefused: return "refused";
    case CatalogProblem::Kind::kShadowed: return "shadowed";
    case CatalogProblem::Kind::kDoubtful: return "doubtful";
  }
  return "";
}

OrderedJson to_json(const CatalogEntry& entry) {
  const PluginType& type = entry.type;
  return {{"type", type.id},         {"version", type.version}, {"vendor", type.vendor},
          {"summary", type.summary}, {"flags", type.flags},     {"file", entry.file.string()}};
}

std::string list_as_json(const Catalog& catalog) {
  OrderedJson types = OrderedJson::array();
  OrderedJson problems = OrderedJson::array();
  for (const CatalogEntry& entry : catalog.types()) types.push_back(to_json(entry));
  for (const CatalogProblem& problem : catalog.problems())
    problems.push_back({{"kind", word_for(problem.kind)}, {"file", problem.file.string()}, {"reason", problem.reason}});
  return pretty({{"types", std::move(types)}, {"problems", std::move(problems)}});
}

std::string list_as_table(const Catalog& catalog, const Output& output) {
  Table table({{"TYPE"}, {"VERSION"}, {"VENDOR"}, {"SUMMARY"}, {"FILE"}});
  for (const auto& [type, file] : catalog.types())
    table.add_row({{type.id, Color::kBold}, {type.version}, {type.vendor}, {type.summary}, {file.string()}});
  return render(table, output);
}

std::string list_as_text(const Catalog& catalog, const Output& output) {
  std::string text = list_as_table(catalog, output);
  if (catalog.types().empty()) {
    text = "no plugins found in\n";
    for (const auto& folder : catalog.folders()) text += "  " + folder.string() + "\n";
  }
  for (const CatalogProblem& problem : catalog.problems())
    text += std::string(word_for(problem.kind)) + " " + problem.file.string() + ": " + problem.reason + "\n";
  return text;
}

std::string describe_as_json(const CatalogEntry& entry) {
  OrderedJson json = to_json(entry);
  json["params"] = entry.type.params_schema;
  json["config"] = entry.type.config_schema;
  return pretty(json);
}

std::string rows_of(const Json& schema, const char* what, const Output& output) {
  Table table({{what}, {"TYPE"}, {"REQUIRED"}, {"DEFAULT"}, {"DESCRIPTION"}});
  for (const ParameterRow& row : list_parameters(schema))
    table.add_row(
        {{row.name, Color::kBold}, {row.type}, {row.required ? "yes" : ""}, {row.fallback}, {row.description}});
  return render(table, output);
}

std::string describe_as_text(const CatalogEntry& entry, const Output& output) {
  const PluginType& type = entry.type;
  std::string text = type.id + " " + type.version + " by " + type.vendor + ": " + type.summary + "\n" +
                     entry.file.string() + "\n\n" + rows_of(type.params_schema, "PARAMETER", output);
  if (!list_parameters(type.config_schema).empty())
    text += "\nIn porpoise.yaml, below plugins." + type.id + ":\n\n" + rows_of(type.config_schema, "KEY", output);
  return text;
}

}  // namespace

int list_plugins(const PluginsOptions& options) {
  const Catalog catalog = Catalog::scan(plugin_folders(options.folders));
  Output output = standard_output();
  output.write(options.json ? list_as_json(catalog) : list_as_text(catalog, output));
  return finished(output, kExitOk);
}

int describe_plugin(const PluginsOptions& options) {
  const Catalog catalog = Catalog::scan(plugin_folders(options.folders));
  const CatalogEntry* const entry = catalog.find(options.type);
  if (entry == nullptr) return print_error(catalog.unknown_type(options.type), kExitUsage);
  Output output = standard_output();
  output.write(options.json ? describe_as_json(*entry) : describe_as_text(*entry, output));
  return finished(output, kExitOk);
}

std::vector<std::filesystem::path> plugin_folders(const std::vector<std::filesystem::path>& explicit_folders) {
  return search_path(explicit_folders, environment("PORPOISE_PLUGIN_PATH"), executable_folder());
}

std::vector<std::filesystem::path> plugin_folders(const WorkerConfig& config) {
  std::vector<std::filesystem::path> first;
  if (!config.plugin_dir.empty()) first.push_back(config.plugin_dir);
  return plugin_folders(first);
}

namespace {

struct Kind {
  const char* word;   // the subcommand, and in the name of the program
  const char* about;  // for its help
};
constexpr const char* kDoctor = "doctor";
constexpr Kind kSandbox{"sandbox", "Runs a stand-in for what tasks talk to, for development"};

std::string list_companions(const char* word) {
  std::string text;
  for (const Companion& companion : find_companions(word, executable_folder())) text += "  " + companion.name + "\n";
  return text;
}

int show_usage(const Kind& kind) {
  const std::string text = std::string(kind.about) + "\nUsage: porpoise " + kind.word +
                           " NAME [OPTIONS]\n\nNames, each with a --help of its own:\n" + list_companions(kind.word);
  Output output = standard_output();
  output.write(text);
  return finished(output, kExitOk);
}

// Returns only when the program could not be started. `words` begin with the name of the companion.
int become(const char* kind, std::vector<std::string> words) {
  const auto companion = find_companion(kind, words[0], executable_folder());
  if (!companion) return print_error(companion.error(), kExitUsage);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(companion->file.c_str(), argv.data());
  return print_error(errno_error("cannot start " + companion->file.string(), errno), kExitEnvironment);
}

bool asks_for_help(const std::vector<std::string>& words) {
  return words.empty() || words[0] == "--help" || words[0] == "-h";
}

}  // namespace

int run_plugin_doctor(const std::vector<std::string>& words) { return become(kDoctor, words); }

std::string list_plugin_doctors() { return list_companions(kDoctor); }

// Where there is one sandbox, its name need not be given: `porpoise sandbox --port 9080`.
int run_sandbox(const std::vector<std::string>& words) {
  const bool is_named = !words.empty() && words[0].rfind('-', 0) != 0;
  if (is_named) return become(kSandbox.word, words);
  const std::vector<Companion> known = find_companions(kSandbox.word, executable_folder());
  const bool asks = !words.empty() && asks_for_help(words);
  if (asks || (words.empty() && known.size() != 1)) return show_usage(kSandbox);
  if (known.size() != 1) return print_error("say which sandbox; see porpoise sandbox --help", kExitUsage);
  std::vector<std::string> named{known[0].name};
  named.insert(named.end(), words.begin(), words.end());
  return become(kSandbox.word, std::move(named));
}

}  // namespace porpoise
