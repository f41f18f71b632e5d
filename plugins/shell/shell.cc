// SHELL: runs rawScript by bash, or by what its first line names (3.1 `ShellTask`).
#include "script_file/script_task.h"

namespace {

class ShellTask final : public porpoise::script_file::ScriptTask {
 public:
  using ScriptTask::ScriptTask;

 private:
  File make_file(std::string_view stem, std::string script) const override {
    return {std::string(stem) + "_node.sh", std::move(script), 0755};
  }
  std::string command(const std::string& path) const override { return path; }
};

}  // namespace

PORPOISE_PLUGIN(PORPOISE_TYPE("SHELL", ShellTask));
