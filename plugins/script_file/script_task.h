// A task that is a script: `rawScript` of taskParams, its placeholders replaced, written to a file and run.
//
// Owned by the plugin's bridge, lives on the run thread; a cancel needs nothing here, since the host ends the children.
// A derived class says what the file looks like and how bash runs it.
#pragma once

#include <filesystem>
#include <porpoise/plugin.hpp>
#include <string>
#include <string_view>

namespace porpoise::script_file {

// `text` as one word of bash.
std::string quote(std::string_view text);

// A script that ended with 0 succeeded; everything else failed, in words that name the exit code or signal.
plugin::Outcome outcome_of(const porpoise_exit& exit);

class ScriptTask : public plugin::Task {
 public:
  using Task::Task;

  plugin::Outcome prepare(const plugin::Request& request) final;
  plugin::Outcome run() final;
  std::string plan() final;

 protected:
  struct File {
    std::string name;
    std::string content;
    unsigned mode;
  };
  // The file for `script`, whose lines end with LF alone; its name begins or ends with the task's unique `stem`.
  virtual File make_file(std::string_view stem, std::string script) const = 0;
  // Bash text, run after the task's environment was set up, for the file at `path` (already quoted).
  virtual std::string command(const std::string& path) const = 0;

 private:
  File file_;
  std::filesystem::path path_;
};

}  // namespace porpoise::script_file
