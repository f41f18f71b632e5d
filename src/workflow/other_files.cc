#include <algorithm>
#include <array>

#include "base/text.h"
#include "workflow/import.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxMessage = 200;
constexpr const char* kExport = "export it in the user interface (Workflow Definition, Export)";

bool has_any(const Json& json, std::initializer_list<const char*> keys) {
  return json.is_object() && std::any_of(keys.begin(), keys.end(), [&](const char* key) { return json.contains(key); });
}

bool is_workflow(const Json& json) {
  return has_any(json, {"processDefinition", "workflowDefinition", "taskDefinitionList", "taskType"});
}

// The answer that 3.1 `Result` makes of everything but a download.
std::string describe_answer(const Json& answer) {
  const std::int64_t code = integer_or(answer, "code", 0);
  const std::string message(cut_utf8(string_or(answer, "msg", ""), kMaxMessage));
  if (code != 0)
    return "is an error answer of DolphinScheduler's API (code " + std::to_string(code) + ": " + message +
           "), so nothing was exported; mend the request (POST …/process-definition/batch-export with codes=…), or " +
           kExport;
  const Json data = answer.value("data", Json());
  const bool holds = is_workflow(data) || (data.is_array() && !data.empty() && is_workflow(data.front()));
  if (holds)
    return "is an answer of DolphinScheduler's API, not an export: the workflow is in its member \"data\"; save that "
           "alone "
           "(jq .data FILE > workflow.json)";
  return std::string("is an answer of DolphinScheduler's API (code 0") + (message.empty() ? "" : ": " + message) +
         ") that holds no workflow with its tasks; " + kExport;
}

}  // namespace

std::string describe_other_file(const Json& json) {
  if (!json.is_object()) return {};
  if (has_any(json, {"processDefinitionJson", "processDefinitionConnects"}))
    return "is an export of DolphinScheduler 1.3 or older (it has processDefinitionJson), whose tasks have names in "
           "place of "
           "codes; import it into a 1.3 server, upgrade that to 3.1, whose scripts convert it, and export it again";
  if (is_workflow(json)) {
    const Json definition = json.value("processDefinition", Json());
    if (!definition.is_object() || definition.contains("code") || !definition.contains("id")) return {};
    return "is an export whose workflows have ids and no codes, as an early DolphinScheduler 2.0 made them; import it "
           "into "
           "that server, upgrade it to 3.1, and export it again";
  }
  if (json.contains("code") && has_any(json, {"msg", "success", "failed"})) return describe_answer(json);
  if (json.contains("code") && has_any(json, {"locations", "releaseState", "globalParams"}))
    return std::string("is a workflow definition without its tasks and relations; ") + kExport;
  return {};
}

}  // namespace porpoise
