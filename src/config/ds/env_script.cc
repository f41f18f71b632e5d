#include "config/ds/env_script.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProblems = 20;
constexpr std::size_t kMaxEnvFileBytes = 1U << 20U;  // the stock one has 2 KiB

// That every shell sets for itself, and what bash_run.cc gave it.
bool is_shells_own(std::string_view name) {
  return name == "_" || name == "SHLVL" || name == "PWD" || name == "OLDPWD" || name == "LC_ALL" ||
         name.starts_with("BASH_FUNC_");
}

struct Step {
  std::string_view file;
  std::string_view line;
  std::string_view folder;   // the current one
  bool in_subshell = false;  // which changes nothing outside of it
  std::string_view command;
};

// The first part of `rest` before `end`, taken off with it.
std::string_view take_until(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

// Takes the first step off a trace; nothing when there is none.
std::optional<Step> take_step(std::string_view& trace) {
  trace.remove_prefix(std::min(trace.find('\1'), trace.size()));
  trace.remove_prefix(std::min(trace.find_first_not_of('\1'), trace.size()));
  if (trace.empty()) return std::nullopt;
  std::string_view text = trace.substr(0, trace.find('\1'));
  trace.remove_prefix(text.size());
  Step step;
  step.file = take_until(text, '\2');
  step.line = take_until(text, '\3');
  step.folder = take_until(text, '\4');
  const std::string_view depth = text.substr(0, std::min(text.find('\5'), text.size()));
  if (depth.size() < text.size() && depth.find_first_not_of("0123456789") == std::string_view::npos) {
    step.in_subshell = !depth.empty() && depth != "0";
    text.remove_prefix(depth.size() + 1);
  }
  while (text.ends_with('\n')) text.remove_suffix(1);
  step.command = text;
  return step;
}

// "NAME=…", also behind declare and the like, and in quotes; empty for any other command.
std::string_view assigned_by(std::string_view command) {
  for (const std::string_view word : {"builtin ", "command ", "declare ", "typeset ", "readonly "})
    if (command.starts_with(word)) command.remove_prefix(word.size());
  while (command.starts_with('-')) (void)take_until(command, ' ');
  if (command.starts_with('\'')) command.remove_prefix(1);
  const auto* const end = std::find_if_not(command.begin(), command.end(),
                                           [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  const std::string_view name = command.substr(0, static_cast<std::size_t>(end - command.begin()));
  const std::string_view rest = command.substr(name.size());
  return rest.starts_with('=') || rest.starts_with("+=") ? name : std::string_view();
}

bool sources_a_file(std::string_view command) {
  for (const std::string_view word : {"builtin ", "command "})
    if (command.starts_with(word)) command.remove_prefix(word.size());
  return command.starts_with("source ") || command.starts_with(". ");
}

// What a trace tells. Files are called as bash calls them, the script itself by its name in messages.
class Trace {
 public:
  Trace(std::string_view file, std::string_view name, std::string_view text) : file_(file), name_(name) {
    std::set<std::string_view> files{"", file};  // without a name: the shell around it
    while (const auto step = take_step(text)) {
      if (step->line.empty() || step->command.empty()) continue;
      if (sources_a_file(step->command)) sourcing_.insert(place(step->file, step->line));
      if (step->file.empty()) continue;
      if (files.insert(step->file).second) sourced_.push_back(fs::path(step->folder) / step->file);
      if (step->in_subshell) continue;
      if (const std::string_view variable = assigned_by(step->command); !variable.empty())
        assigned_.insert_or_assign(std::string(variable), place(step->file, step->line));
    }
  }

  std::string place(std::string_view file, std::string_view line) const {
    return std::string(file == file_ ? name_ : file) + " line " + std::string(line);
  }
  std::string origin_of(std::string_view variable) const {
    const auto found = assigned_.find(variable);
    return found != assigned_.end() ? found->second : std::string(name_) + ", or a file that it sources";
  }
  // Whether a file was to be sourced there; without a place, the script itself.
  bool sources_at(const std::string& place) const { return sourcing_.count(place) > 0; }
  const std::vector<fs::path>& sourced() const { return sourced_; }

 private:
  std::string_view file_;
  std::string_view name_;
  std::map<std::string, std::string, std::less<>> assigned_;  // variable -> the place of its last assignment
  std::set<std::string> sourcing_;                            // places of `source FILE`
  std::vector<fs::path> sourced_;
};

void read_exports(std::string_view text, const Trace& trace, const Variables& before, EnvScript& script) {
  while (!text.empty()) {
    const std::string_view entry = take_until(text, '\0');
    const std::size_t sign = entry.find('=');
    if (sign == std::string_view::npos || is_shells_own(entry.substr(0, sign))) continue;
    const std::string_view variable = entry.substr(0, sign);
    const std::string_view value = entry.substr(sign + 1);
    if (const auto old = before.find(variable); old != before.end() && old->second == value) continue;
    script.exports.push_back({std::string(variable), std::string(value), trace.origin_of(variable)});
  }
}

// What bash complains of, by its last words. All before them may be a part of the script, and so of a secret.
constexpr std::string_view kComplaints[] = {"No such file or directory",
                                            "Permission denied",
                                            "Is a directory",
                                            "command not found",
                                            "not a valid identifier",
                                            "unbound variable",
                                            "readonly variable",
                                            "bad substitution",
                                            "ambiguous redirect",
                                            "Bad file descriptor",
                                            "cannot execute: required file not found"};

// `text` without what could be a secret.
std::string kind_of_complaint(std::string_view text) {
  for (const std::string_view beginning : {"syntax error", "unexpected EOF"})
    if (text.starts_with(beginning)) return text.ends_with("end of file") ? std::string(text) : "syntax error";
  for (const std::string_view words : kComplaints)
    if (text.ends_with(words)) return std::string(words);
  return "bash complains; run it by hand to see of what";
}

struct Complaint {
  std::string_view file;
  std::string_view line;
  std::string_view text;
};

// "FILE: line N: TEXT", as bash complains; nothing for another program's words.
std::optional<Complaint> read_complaint(std::string_view line) {
  constexpr std::string_view kMark = ": line ";
  const std::size_t mark = line.find(kMark);
  if (mark == std::string_view::npos || line.starts_with('\1')) return std::nullopt;
  std::string_view rest = line.substr(mark + kMark.size());
  const std::string_view number = take_until(rest, ':');
  if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return Complaint{line.substr(0, mark), number, trimmed(rest)};
}

void read_complaints(std::string_view text, const Trace& trace, EnvScript& script) {
  while (!text.empty()) {
    const auto complaint = read_complaint(take_until(text, '\n'));
    if (!complaint) continue;
    const std::string where = trace.place(complaint->file, complaint->line);
    const bool of_source = trace.sources_at(where);
    const std::string kind = kind_of_complaint(complaint->text);
    // The name of a file is no secret, and what a person needs.
    const std::string problem = where + ": " + (of_source ? std::string(complaint->text) : kind);
    if (script.gap.empty() && (of_source || kind.starts_with("syntax error"))) script.gap = problem;
    const bool is_new = script.problems.empty() || script.problems.back() != problem;
    if (is_new && script.problems.size() < kMaxProblems) script.problems.push_back(problem);
  }
}

// What keeps a file from being sourced, in place of bash's own words; the problem that leaves a gap, or nothing.
Result<std::string> look_at(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    return fail(error ? errno_error(file.string() + " cannot be sourced", error.value())
                      : Error(ErrorCode::kInvalid, file.string() + " is not a file"));
  auto text = read_file(file, kMaxEnvFileBytes);
  if (!text) return fail(text.error());
  if (text->starts_with("\xEF\xBB\xBF"))
    return file.string() + " line 1: begins with a byte order mark, which bash takes for a part of the first command";
  return std::string();
}

}  // namespace

EnvScript read_bash_record(std::string_view file, std::string_view name, const BashRecord& record,
                           const Variables& before) {
  const Trace trace(file, name, record.trace);
  EnvScript script;
  script.name = name;
  read_exports(record.exports, trace, before, script);
  read_complaints(record.errors, trace, script);
  script.sourced = trace.sourced();
  if (!record.trace_is_whole)
    script.problems.push_back(
        script.name +
        ": too long to follow, or it turns tracing off (set +x): not all lines are known, and not "
        "all files that it sources were looked at");
  return script;
}

Result<EnvScript> source_env_script(const fs::path& file, const Variables& environment,
                                    std::chrono::milliseconds limit) {
  PORPOISE_TRY(std::string mark, look_at(file));
  std::error_code error;
  const fs::path absolute = fs::absolute(file, error);
  if (error) return fail_errno("cannot find out where " + file.string() + " is", error.value());
  const auto record = source_with_bash(absolute, environment, limit);
  if (!record) return fail(Error(record.error().code(), file.string() + ": " + record.error().to_string()));
  EnvScript script = read_bash_record(absolute.string(), file.string(), *record, environment);
  if (!mark.empty()) script.problems.insert(script.problems.begin(), mark);
  if (script.gap.empty()) script.gap = std::move(mark);
  std::erase_if(script.sourced, [](const fs::path& sourced) {
    std::error_code ignored;  // of a pipe (<(…)) or a file that it has removed nothing is left to judge
    return sourced.string().starts_with("/dev/fd/") || !fs::exists(sourced, ignored);
  });
  return script;
}

}  // namespace porpoise
