// The graph against what a real 3.1.5 master recorded: given how each task ended, the same tasks run, the run ends in
// the same state, and every task receives the varPool it received there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "base/file.h"
#include "model/property.h"
#include "workflow/graph.h"
#include "workflow/import.h"

namespace porpoise {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(PORPOISE_TESTS) / "golden" / "workflows";

std::vector<std::string> recorded() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (const std::string name = entry.path().filename(); name.ends_with(".expected.json"))
      names.push_back(name.substr(0, name.find('.')));
  std::sort(names.begin(), names.end());
  return names;
}

TaskState state_named(const std::string& name) {
  for (const TaskState state : {TaskState::kSuccess, TaskState::kFailure, TaskState::kKill})
    if (to_string(state) == name) return state;
  ADD_FAILURE() << "unknown task state " << name;
  return TaskState::kFailure;
}

class Recorded : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto text = read_file(kFolder / (GetParam() + ".json"), 1U << 20U);
    ASSERT_TRUE(text) << text.error().to_string();
    auto workflows = import_workflows(*text);
    ASSERT_TRUE(workflows) << workflows.error().to_string();
    ASSERT_EQ(workflows->size(), 1U);
    workflow_ = workflows->front();
    const auto expected = read_file(kFolder / (GetParam() + ".expected.json"), 1U << 20U);
    ASSERT_TRUE(expected) << expected.error().to_string();
    expected_ = Json::parse(*expected);
  }

  // The branch whose task the master ran.
  Branch recorded_branch(const TaskDefinition& task) const {
    const std::vector<BranchSlot> slots = branch_slots(task.type, task.params);
    for (std::size_t i = 0; i < slots.size(); ++i)
      if (expected_["tasks"].contains(workflow_.name_of(slots[i].codes.at(0)))) return {static_cast<int>(i), ""};
    ADD_FAILURE() << "the recording has no branch of " << task.name;
    return {};
  }

  void expect_received(const Graph& graph, const TaskDefinition& task) {
    std::vector<Upstream> sources;
    for (const std::int64_t code : graph.var_pool_sources(task.code))
      sources.push_back({static_cast<std::int64_t>(sources.size()), pools_[code]});
    PropertyList received = merge_var_pools(sources);
    PropertyList received_there;
    const auto pool = property_list_from_json(expected_["tasks"][task.name]["varPool"]);
    ASSERT_TRUE(pool);
    for (const Property& property : *pool) {
      if (property.direct == Direct::kIn)
        received_there.push_back(property);
      else  // what the task set itself has replaced what it received
        std::erase_if(received, [&](const Property& one) { return one.prop == property.prop; });
    }
    EXPECT_THAT(received, testing::UnorderedElementsAreArray(received_there)) << task.name;
    pools_[task.code] = *pool;
  }

  Workflow workflow_;
  Json expected_;
  std::map<std::int64_t, PropertyList> pools_;
};

TEST_P(Recorded, TheSameTasksRunToTheSameState) {
  EXPECT_THAT(find_dangling(workflow_), testing::IsEmpty());
  EXPECT_THAT(unsupported({workflow_}), testing::IsEmpty());
  Graph graph(workflow_, {});
  graph.start();
  std::vector<std::string> ran;
  while (!graph.ready().empty()) {
    const TaskDefinition& task = *workflow_.find(graph.ready().front());
    ASSERT_TRUE(expected_["tasks"].contains(task.name)) << task.name << " did not run on the master";
    ran.push_back(task.name);
    expect_received(graph, task);
    Outcome outcome{state_named(expected_["tasks"][task.name]["state"]), std::nullopt};
    if (task.type == kSwitch) outcome.branch = recorded_branch(task);
    if (task.type == kConditions) {
      EXPECT_EQ(graph.decide(task.code).state, outcome.state);
    }
    graph.finished(task.code, outcome);
  }
  EXPECT_EQ(ran.size(), expected_["tasks"].size());
  EXPECT_TRUE(graph.done());
  EXPECT_EQ(to_string(graph.state()), expected_["state"].get<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Workflows, Recorded, testing::ValuesIn(recorded()),
                         [](const auto& parameter) { return parameter.param; });

TEST(RecordedWorkflows, AreAllThere) { EXPECT_GE(recorded().size(), 8U); }

}  // namespace
}  // namespace porpoise
