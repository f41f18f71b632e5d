// Workflows for tests, written as texts.
#pragma once

#include <map>
#include <sstream>
#include <string>

#include "workflow/workflow.h"

namespace porpoise {

// "a b c:SWITCH d!" names tasks with codes 1, 2, …; ":TYPE" sets the type, "!" the flag NO. "a>b a>c" joins them.
inline Workflow make_workflow(const std::string& tasks, const std::string& edges = "") {
  Workflow workflow;
  workflow.name = "w";
  std::istringstream names(tasks);
  for (std::string word; names >> word;) {
    TaskDefinition task;
    task.code = static_cast<std::int64_t>(workflow.tasks.size()) + 1;
    task.enabled = word.back() != '!';
    if (!task.enabled) word.pop_back();
    const auto colon = word.find(':');
    task.name = word.substr(0, colon);
    task.type = colon == std::string::npos ? "SHELL" : word.substr(colon + 1);
    workflow.tasks.push_back(task);
  }
  std::istringstream pairs(edges);
  for (std::string word; pairs >> word;) {
    const auto arrow = word.find('>');
    const auto code = [&](const std::string& name) { return workflow.find(std::string_view(name))->code; };
    workflow.edges.push_back({code(word.substr(0, arrow)), code(word.substr(arrow + 1))});
  }
  return workflow;
}

inline std::int64_t code_of(const Workflow& workflow, const std::string& name) {
  return workflow.find(std::string_view(name))->code;
}

// Gives a task parameters from JSON in which "$name" stands for the code of that task.
inline void set_task_params(Workflow& workflow, const std::string& name, std::string json) {
  for (const TaskDefinition& task : workflow.tasks)
    for (auto at = json.find("\"$" + task.name + "\""); at != std::string::npos;
         at = json.find("\"$" + task.name + "\""))
      json.replace(at, task.name.size() + 3, std::to_string(task.code));
  for (TaskDefinition& task : workflow.tasks)
    if (task.name == name) set_params(task, Json::parse(json));
}

// CONDITIONS that look at `on` being SUCCESS.
inline void set_conditions(Workflow& workflow, const std::string& name, const std::string& on,
                           const std::string& success, const std::string& failure) {
  const auto list = [](const std::string& task) { return task.empty() ? std::string() : "\"$" + task + "\""; };
  set_task_params(
      workflow, name,
      R"({"dependence":{"relation":"AND","dependTaskList":[{"relation":"AND","dependItemList":[{"depTaskCode":"$)" +
          on + R"(","status":"SUCCESS"}]}]},"conditionResult":{"successNode":[)" + list(success) +
          R"(],"failedNode":[)" + list(failure) + "]}}");
}

// A SWITCH with the branches in order; the last one is the default.
inline void set_switch(Workflow& workflow, const std::string& name, const std::vector<std::string>& branches) {
  std::string list;
  for (std::size_t i = 0; i + 1 < branches.size(); ++i)
    list += std::string(i == 0 ? "" : ",") + R"({"condition":"x","nextNode":"$)" + branches[i] + "\"}";
  set_task_params(workflow, name,
                  R"({"switchResult":{"dependTaskList":[)" + list + R"(],"nextNode":"$)" + branches.back() + "\"}}");
}

}  // namespace porpoise
