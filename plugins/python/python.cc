// PYTHON: runs rawScript by the interpreter that PYTHON_HOME of the task's environment leads to (3.1 `PythonTask`).
#include "script_file/python_command.h"
#include "script_file/script_task.h"

namespace {

class PythonTask final : public porpoise::script_file::ScriptTask {
 public:
  using ScriptTask::ScriptTask;

 private:
  File make_file(std::string_view stem, std::string script) const override {
    return {"py_" + std::string(stem) + ".py", "#-*- encoding=utf8 -*-\n\n\n" + script, 0644};
  }
  std::string command(const std::string& path) const override { return porpoise::script_file::python_command(path); }
};

}  // namespace

PORPOISE_PLUGIN(PORPOISE_TYPE("PYTHON", PythonTask));
