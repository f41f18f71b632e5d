// Import, and everything that is done with an imported workflow before it runs: no input may crash, hang or leave a
// workflow that the graph cannot run to its end.
#include <cstdint>
#include <cstdlib>

#include "workflow/graph.h"
#include "workflow/import.h"

namespace {

using namespace porpoise;

void run_to_the_end(const Workflow& workflow) {
  Graph graph(workflow, {});
  graph.start();
  while (!graph.ready().empty()) {
    const std::int64_t code = graph.ready().front();
    Outcome outcome{code % 5 == 0 ? TaskState::kFailure : TaskState::kSuccess, Branch{static_cast<int>(code % 3), ""}};
    if (workflow.find(code)->type == kConditions) outcome = graph.decide(code);
    graph.finished(code, outcome);
  }
  if (!graph.done()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto workflows = import_workflows({reinterpret_cast<const char*>(data), size});
  if (!workflows) {
    if (workflows.error().message().empty()) std::abort();
    return 0;
  }
  unsupported(*workflows);
  for (Workflow& workflow : *workflows) {
    for (const Dangling& dangling : find_dangling(workflow))
      if (!dangling.candidates.empty())
        static_cast<void>(
            apply_relink(workflow, dangling.task_name + ":" + dangling.slot + "=" + dangling.candidates[0]));
    static_cast<void>(relink_by_only_reading(workflow));
    run_to_the_end(workflow);
  }
  return 0;
}
