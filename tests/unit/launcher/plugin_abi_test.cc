// Plugins of other builds in a real host: of ABI 1.0 as it was frozen, older than that, and of a later minor.
#include "plugin/catalog.h"
#include "plugin/note.h"
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::filesystem::path kFrozen = PORPOISE_BUILD "/tests/abi/plugin_1_0.so";
const std::filesystem::path kFixtures = PORPOISE_BUILD "/tests/plugin_fixtures";

class PluginAbi : public testing::Test {
 protected:
  void use(const std::filesystem::path& plugin, const std::string& type, const std::string& params = "{}") {
    run.request.plugin = plugin;
    run.request.task_type = type;
    run.request.task_params = params;
  }

  TaskRun run;
};

TEST_F(PluginAbi, APluginOf10IsFoundByItsNote) {
  const Catalog catalog = Catalog::scan({kFrozen.parent_path()});
  ASSERT_NE(catalog.find("FROZEN"), nullptr) << (catalog.problems().empty() ? "" : catalog.problems()[0].reason);
  EXPECT_EQ(catalog.find("FROZEN")->type.summary, "Uses all of ABI 1.0");
}

TEST_F(PluginAbi, APluginOf10FindsEverythingThat10Promised) {
  use(kFrozen, "FROZEN");
  run.request.prepare_params = {{"name", {"name", Direct::kIn, "VARCHAR", "value"}}};
  const TaskResult& result = run.run();
  EXPECT_EQ(result.state, TaskState::kSuccess) << result.exit_code << ": " << result.message << "\n" << run.log();
  EXPECT_EQ(result.app_ids, "job_1");
  EXPECT_EQ(result.branch, (Branch{1, "[42]"}));
  EXPECT_EQ(result.alert, (TaskAlert{7, "title", "content"}));
  EXPECT_THAT(run.printed(), testing::ElementsAre("printed by the plugin", "printed by a child"));
  EXPECT_THAT(run.log(),
              AllOf(HasSubstr("frozen plugin at work"), HasSubstr("destroyed"), HasSubstr("version 1.0 by Example")));
}

TEST_F(PluginAbi, APluginOf10IsToldWhyItIsToEnd) {
  use(kFrozen, "FROZEN", R"({"wait":true})");
  run.request.prepare_params = {{"name", {"name", Direct::kIn, "VARCHAR", "value"}}};
  run.request.kill_grace = std::chrono::seconds(30);
  run.start();
  ASSERT_TRUE(run.wait_for_log("waiting")) << run.log();
  run.task->cancel("because");
  const TaskResult& result = run.finish();
  EXPECT_EQ(result.state, TaskState::kKill);
  EXPECT_EQ(result.exit_code, 0) << "a line of plugin_1_0.c\n" << run.log();
}

TEST_F(PluginAbi, APluginOf10IsAskedForItsPlan) {
  use(kFrozen, "FROZEN");
  run.request.dry_run = true;
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_THAT(run.log(), HasSubstr("use all of ABI 1.0"));
}

TEST_F(PluginAbi, APluginWithSmallerStructsRuns) {
  use(kFixtures / "older.so", "ANY");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
}

TEST_F(PluginAbi, APluginWithSmallerStructsIsNotAskedForWhatItLacks) {
  use(kFixtures / "older.so", "ANY");
  run.request.dry_run = true;
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_THAT(run.log(), HasSubstr("does not say what it would do"));
}

TEST_F(PluginAbi, APluginOfALaterMinorRuns) {
  use(kFixtures / "later.so", "ANY");
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
}

TEST_F(PluginAbi, ATaskThatIsTooSmallFailsByName) {
  use(kFixtures / "small_task.so", "ANY");
  EXPECT_EQ(run.run().state, TaskState::kFailure);
  EXPECT_THAT(run.result->message, HasSubstr("whose porpoise_task has size 24, too small"));
}

TEST_F(PluginAbi, APluginThatNeedsWhatTheHostLacksFailsByNameToo) {
  use(kFixtures / "needs_unknown.so", "NEEDY");
  EXPECT_EQ(run.run().state, TaskState::kFailure);
  EXPECT_THAT(run.result->message,
              AllOf(HasSubstr("needs_unknown.so"), HasSubstr("does not have: com.example.teleport/1")));
}

TEST_F(PluginAbi, APluginIsToldThatItsTimeIsOver) {
  run.request.timeout = std::chrono::milliseconds(300);
  run.request.kill_grace = std::chrono::seconds(30);
  EXPECT_TRUE(run.act("wait").run().timed_out);
  const std::string reason = "reason " + std::to_string(PORPOISE_CANCEL_TIMED_OUT) + ": timed out after 0.3";
  EXPECT_THAT(run.log(), HasSubstr(reason));
}

TEST_F(PluginAbi, AChildThatIgnoresACancelOutlivesItAndEndsWithTheTask) {
  run.request.kill_grace = std::chrono::seconds(4);
  run.act("deaf child").start();
  ASSERT_TRUE(run.wait_for_log("begun")) << run.log();
  run.task->cancel("because");
  EXPECT_EQ(run.finish().state, TaskState::kKill);
  EXPECT_THAT(run.log(), AllOf(HasSubstr("it has outlived the cancel"),
                               HasSubstr("late: cannot start a process: the task is to end")));
  EXPECT_TRUE(run.alive().empty()) << describe(run.alive());
}

TEST_F(PluginAbi, TheHostHasEachExtensionThatTheCatalogTakesForGiven) {
  Json ids = Json::array();
  for (const std::string_view id : kHostExtensions) ids.push_back(id);
  EXPECT_EQ(run.act("extensions", {{"ids", ids}}).run().state, TaskState::kSuccess) << run.result->message;
}

}  // namespace
}  // namespace porpoise
