#include "model/parameter_resolution.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

namespace porpoise {
namespace {

constexpr std::size_t kMaxFound = 20;  // of one task: enough to see what is wrong
constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxLookedAt = 1000;         // names of one task: each is looked for in the whole script
constexpr std::string_view kScript = "rawScript";  // of SHELL, PYTHON and every other script of 3.1

// Bash gives these itself (bash(1), "Shell Variables"), each in its own right or as what a builtin leaves behind.
constexpr std::array<std::string_view, 42> kShellVariables = {
    "BASH",         "BASHOPTS",     "BASHPID",     "BASH_ALIASES", "BASH_ARGC",     "BASH_ARGV",     "BASH_ARGV0",
    "BASH_CMDS",    "BASH_COMMAND", "BASH_LINENO", "BASH_REMATCH", "BASH_SOURCE",   "BASH_SUBSHELL", "BASH_VERSINFO",
    "BASH_VERSION", "COLUMNS",      "COPROC",      "DIRSTACK",     "EPOCHREALTIME", "EPOCHSECONDS",  "EUID",
    "FUNCNAME",     "GROUPS",       "HOSTNAME",    "HOSTTYPE",     "IFS",           "LINENO",        "LINES",
    "MACHTYPE",     "MAPFILE",      "OLDPWD",      "OPTARG",       "OPTIND",        "OSTYPE",        "PIPESTATUS",
    "PPID",         "PWD",          "RANDOM",      "REPLY",        "SECONDS",       "SHLVL",         "UID"};

bool begins_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return begins_word(c) || (c >= '0' && c <= '9'); }

// "name", or "name.of.parts".
bool is_name(std::string_view text, bool dotted) {
  if (text.empty() || !begins_word(text.front()) || text.back() == '.') return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return is_word(c) || (dotted && c == '.'); }) &&
         text.find("..") == std::string_view::npos;
}

// What stands in "${…}" in `text`, without another brace in it.
std::vector<std::string_view> placeholders(std::string_view text) {
  std::vector<std::string_view> found;
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const std::size_t end = text.find_first_of("{}\n", at + 2);
    if (end != std::string_view::npos && text[end] == '}' && end > at + 2 && end - at <= kMaxName)
      found.push_back(text.substr(at + 2, end - at - 2));
  }
  return found;
}

// Whether `name` is a word of `text` other than in "$name" and "${name…".
bool has_word(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if ((at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]))) continue;
    if (at > 0 && text[at - 1] == '$') continue;
    // "${name:=x}" and "${name=x}" give it a value; nothing else in braces does.
    const bool in_braces = at > 1 && text.substr(at - 2, 2) == "${";
    if (!in_braces || text.substr(end).starts_with("=") || text.substr(end).starts_with(":=")) return true;
  }
  return false;
}

// "source x", ". x" and "eval x" where a command may begin.
bool reads_other_files(std::string_view text) {
  for (const std::string_view command : {"source", ".", "eval"})
    for (std::size_t at = text.find(command); at != std::string_view::npos; at = text.find(command, at + 1)) {
      const std::size_t end = at + command.size();
      if (end == text.size() || (text[end] != ' ' && text[end] != '\t')) continue;
      const std::size_t before = text.substr(0, at).find_last_not_of(" \t");
      if (before == std::string_view::npos ||
          std::string_view("\n;&|({`!").find(text[before]) != std::string_view::npos)
        return true;
      // After a word: "then . file", "do source file".
      const std::string_view line = text.substr(0, before + 1);
      for (const std::string_view keyword : {"then", "else", "do"})
        if (line.ends_with(keyword) && at > before + 1) return true;
    }
  return false;
}

struct Search {
  const ParameterValues& values;
  const ExpandTime& time;
  const IsVariable& is_variable;
  std::vector<Unresolved> found{};
  std::set<std::string> seen{};

  bool has_other_reading(std::string_view name, std::string_view script) const {
    if (!is_name(name, true)) return true;
    if (name.find('.') != std::string_view::npos)  // which no shell reads, but JavaScript does
      return has_word(script, name.substr(0, name.find('.')));
    return std::find(kShellVariables.begin(), kShellVariables.end(), name) != kShellVariables.end() ||
           may_set_variable(script, name) || is_variable(std::string(name));
  }

  void look_at(const std::string& text, const std::string& key, const std::string& place) {
    if (text.find("${") == std::string::npos) return;
    const auto expanded = expand(text, values, time);
    if (!expanded) return;
    for (const std::string_view name : placeholders(*expanded)) {
      if (found.size() == kMaxFound || seen.size() == kMaxLookedAt) return;
      if (!seen.insert(key + "/" + std::string(name)).second) continue;
      if (key == kScript && has_other_reading(name, *expanded)) continue;
      if (std::none_of(found.begin(), found.end(), [&](const Unresolved& one) { return one.name == name; }))
        found.push_back({std::string(name), place});
    }
  }

  // As deep as JSON from outside may be (base/json.h).
  void walk(const Json& json, const std::string& key, const std::string& place) {
    if (json.is_string()) return look_at(json.get_ref<const std::string&>(), key, place);
    if (!json.is_structured()) return;
    for (const auto& [name, member] : json.items()) {
      // What these hold reaches a task by their names alone.
      if (place.empty() && (name == "localParams" || name == "resourceList" || name == "varPool")) continue;
      walk(member, name, place.empty() ? name : place + "/" + name);
    }
  }
};

}  // namespace

std::vector<Unresolved> unresolved_placeholders(const Json& task_params, const ParameterValues& values,
                                                const ExpandTime& time, const IsVariable& is_variable) {
  Search search{values, time, is_variable};
  search.walk(task_params, "", "");
  return std::move(search.found);
}

bool may_set_variable(std::string_view text, std::string_view name) {
  return has_word(text, name) || reads_other_files(text);
}

}  // namespace porpoise
