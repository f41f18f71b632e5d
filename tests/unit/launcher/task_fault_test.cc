// A plugin can hurt only its own task, and the message says which plugin and how.
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string message_of(const std::string& act, Json more = Json::object()) {
  TaskRun run;
  const TaskResult result = run.act(act, std::move(more)).run();
  EXPECT_EQ(result.state, TaskState::kFailure) << act;
  EXPECT_EQ(describe(run.alive()), "") << act;
  EXPECT_FALSE(std::filesystem::exists(run.request.execute_path)) << act;
  EXPECT_THAT(run.log(), HasSubstr(result.message)) << act;
  return result.message;
}

std::string plugin() { return "plugin FIXTURE (" PORPOISE_BUILD "/tests/plugins/fixture.so)"; }

TEST(PluginFault, SegmentationFaultIsNamed) {
  EXPECT_EQ(message_of("segv"), plugin() + " was ended by signal 11 (SIGSEGV)");
}

TEST(PluginFault, InAnotherThreadIsNamed) {
  EXPECT_EQ(message_of("thread"), plugin() + " was ended by signal 11 (SIGSEGV)");
}

TEST(PluginFault, AbortIsNamed) { EXPECT_EQ(message_of("abort"), plugin() + " was ended by signal 6 (SIGABRT)"); }

TEST(PluginFault, StackOverflowIsASignal) {
  EXPECT_EQ(message_of("stack"), plugin() + " was ended by signal 11 (SIGSEGV)");
}

TEST(PluginFault, ExceptionIsNamed) {
  EXPECT_EQ(message_of("throw"), plugin() + ": the plugin threw an exception: ouch");
  EXPECT_THAT(message_of("throw int"), HasSubstr("threw an exception that is not a std::exception"));
}

TEST(PluginFault, ExitIsNamed) {
  EXPECT_EQ(message_of("exit", {{"status", 3}}), plugin() + " called exit(3)");
  EXPECT_EQ(message_of("exit", {{"status", 0}}), plugin() + " called exit(0)");
}

// The plugin was asked to prepare whatever its own schema said.
TEST(PluginFault, ParametersThatBreakItsSchemaFailBeforeItIsAsked) {
  EXPECT_EQ(message_of("ok", {{"status", "soon"}, {"care", {{"level", "SOME"}}}}),
            "the task's parameters do not fit the schema of FIXTURE: "
            "/care/level is \"SOME\" and must be one of LOW, HIGH; /status is a string and must be an integer");
  TaskRun run;
  run.request.task_params = "{}";
  EXPECT_EQ(run.run().message, "the task's parameters do not fit the schema of FIXTURE: /do is missing");
}

TEST(PluginFault, MemoryIsCapped) {
  TaskRun run;
  run.request.plugin_memory_bytes = 256U << 20U;
  const TaskResult result = run.act("hog").run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_THAT(result.message, StartsWith(plugin()));
  EXPECT_THAT(result.message,
              testing::AnyOf(HasSubstr("used more than 256 MiB of memory"), HasSubstr("out of memory")));
}

TEST(PluginFault, MemoryOfItsChildrenIsNotCapped) {
  TaskRun run;
  run.request.plugin_memory_bytes = 256U << 20U;
  const TaskResult result = run.script("python3 -c 'x = bytearray(400 << 20); print(len(x))'").run();
  EXPECT_EQ(result.state, TaskState::kSuccess) << run.log();
}

TEST(PluginFault, ClosingLowDescriptorsHurtsNobody) {
  TaskRun run;
  EXPECT_EQ(run.act("close low").run().state, TaskState::kSuccess);
}

TEST(PluginFault, ClosingAllDescriptorsIsNamed) {
  EXPECT_EQ(message_of("close all"), plugin() + " closed the connection to its task host");
}

TEST(PluginFault, WhileCleaningUpDoesNotTurnSuccessIntoFailure) {
  TaskRun run;
  EXPECT_EQ(run.act("nothing", {{"on destroy", "segv"}}).run().state, TaskState::kSuccess);
  EXPECT_THAT(run.log(), HasSubstr("after the end of the task its plugin was ended by signal 11 (SIGSEGV)"));
}

TEST(PluginFault, EndlessCleaningUpIsEnded) {
  TaskRun run;
  run.request.kill_grace = std::chrono::milliseconds(200);
  EXPECT_EQ(run.act("nothing", {{"on destroy", "loop"}}).run().state, TaskState::kSuccess);
  EXPECT_EQ(describe(run.alive()), "");
}

TEST(PluginFault, DoesNotTouchATaskBesideIt) {
  TaskRun good;
  good.script("echo ready; read -t 1 < <(sleep 2); echo still here").start();
  ASSERT_TRUE(good.wait_for_log("ready"));
  message_of("segv");
  message_of("exit", {{"status", 1}});
  EXPECT_EQ(good.finish().state, TaskState::kSuccess);
  EXPECT_THAT(good.log(), HasSubstr("still here"));
}

}  // namespace
}  // namespace porpoise
