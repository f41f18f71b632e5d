#include "script_file/script_task.h"

#include <csignal>
#include <cstring>

#include "base/file.h"
#include "base/json.h"

namespace porpoise::script_file {
namespace {

using plugin::Expected;
using plugin::Outcome;

Expected<std::string> raw_script(std::string_view params_json) {
  const auto params = parse_json(params_json);
  if (!params) return Outcome::invalid("cannot read the task's parameters: " + params.error().to_string());
  if (!params->is_object()) return Outcome::invalid("the task's parameters are not a JSON object");
  const auto found = params->find("rawScript");
  if (found == params->end() || found->is_null()) return Outcome::invalid("the parameter rawScript is missing");
  if (!found->is_string()) return Outcome::invalid("the parameter rawScript is not a text");
  std::string script = found->get<std::string>();
  if (script.find_first_not_of(" \t\r\n") == std::string::npos)
    return Outcome::invalid("the parameter rawScript is empty: there is nothing to run");
  return script;
}

// Definitions edited on Windows: 3.1 `ShellTask` replaces CRLF as well.
std::string with_unix_lines(std::string_view text) {
  std::string unix_text;
  unix_text.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') unix_text += text[i];
  return unix_text;
}

std::string signal_name(int number) {
  const char* const name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : std::string("SIG") + name;
}

// What bash means by the codes it makes up itself.
std::string hint(int code) {
  if (code == 126) return " (a command could not be executed)";
  if (code == 127) return " (a command was not found)";
  if (code > 128 && code <= 128 + SIGSYS) return " (a command was ended by " + signal_name(code - 128) + ")";
  return {};
}

}  // namespace

std::string quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Outcome outcome_of(const porpoise_exit& exit) {
  if (exit.signal != 0) return Outcome::failed("script was ended by " + signal_name(exit.signal), exit.code);
  if (exit.code == 0) return Outcome::ok();
  return Outcome::failed("script ended with exit code " + std::to_string(exit.code) + hint(exit.code), exit.code);
}

Outcome ScriptTask::prepare(const plugin::Request& request) {
  const Expected<std::string> script = raw_script(request.params_json);
  if (!script) return script.problem();
  Expected<std::string> expanded = host().expand(with_unix_lines(*script));
  if (!expanded) return expanded.problem();
  file_ = make_file(request.file_stem, std::move(*expanded));
  path_ = std::filesystem::path(request.work_dir) / file_.name;
  return Outcome::ok();
}

Outcome ScriptTask::run() {
  if (const Status written = write_file(path_, file_.content, file_.mode, Durability::kAtomic); !written)
    return {PORPOISE_INTERNAL, written.error().to_string(), -1};
  const Expected<porpoise_exit> exit = host().run_shell(command(quote(path_.native())));
  if (!exit) return exit.problem();
  Outcome outcome = outcome_of(*exit);
  if (!outcome && host().cancel_requested()) outcome.status = PORPOISE_CANCELLED;
  return outcome;
}

std::string ScriptTask::plan() { return "would run " + file_.name + ":\n" + file_.content; }

}  // namespace porpoise::script_file
