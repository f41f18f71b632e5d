// Tasks with resources, asked for through a real TaskProcess: the order on its way to porpoise-fetch.
#include "model/host_protocol.h"
#include "support/http_server.h"
#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using support::HttpAnswer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class TaskResources : public testing::Test {
 protected:
  TaskResources() {
    run.request.resources.storage = {ResourceStorage::Kind::kS3, "", "/ds", "b", "eu-west-1", "AK", "the secret", ""};
    run.request.resources.files = {{"/lib/a", "etl/resources/lib/a"}};
    run.request.kill_grace = std::chrono::minutes(10);  // nothing in here may wait for it
    run.script("cat lib/a");
  }
  void ask(const support::HttpServer& server) { run.request.resources.storage.url = server.url(""); }
  std::string state_file(const char* name) const { return read_file(run.state_dir() / name, 1U << 20U).value_or(""); }

  TaskRun run;
};

TEST_F(TaskResources, AreThereBeforeThePluginBegins) {
  support::HttpServer server({HttpAnswer{.body = "content"}});
  ask(server);
  const TaskResult& result = run.run();
  EXPECT_EQ(result.state, TaskState::kSuccess) << run.log();
  EXPECT_THAT(run.printed(), ElementsAre("content"));
  ASSERT_EQ(result.fetched.size(), 1U);
  EXPECT_EQ(result.fetched[0].bytes, 7U);
  EXPECT_THAT(run.progress, ElementsAre("-1 fetching /lib/a"));
}

TEST_F(TaskResources, LeaveNoSecretInTheStateFolder) {
  support::HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kHang}});
  ask(server);
  run.start();
  ASSERT_TRUE(server.wait_for_requests(1));
  EXPECT_EQ(state_file(kOrderFile), "");
  EXPECT_THAT(state_file(kRequestFile), AllOf(HasSubstr("/lib/a"), Not(HasSubstr("secret"))));
}

TEST_F(TaskResources, AreNotFetchedInADryRun) {
  support::HttpServer server({HttpAnswer{}});
  ask(server);
  run.request.dry_run = true;
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_THAT(server.requests(), IsEmpty());
  EXPECT_EQ(state_file(kOrderFile), "");
}

TEST_F(TaskResources, ThatHangEndWithACancelAtOnce) {
  support::HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kHang}});
  ask(server);
  run.start();
  ASSERT_TRUE(server.wait_for_requests(1));
  run.task->cancel("no longer wanted");
  const TaskResult& result = run.finish();
  EXPECT_EQ(result.state, TaskState::kKill);
  EXPECT_EQ(result.message, "cancelled: no longer wanted");
  EXPECT_FALSE(result.fetch_failed);
  EXPECT_THAT(run.alive(), IsEmpty());
  EXPECT_THAT(run.printed(), IsEmpty());
}

// Fetching did not hear an order with a long text, and went on until the grace was over.
TEST_F(TaskResources, ThatHangEndWithACancelWhateverItsReason) {
  support::HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kHang}});
  ask(server);
  run.request.kill_grace = std::chrono::seconds(300);
  run.start();
  ASSERT_TRUE(server.wait_for_requests(1));
  run.task->cancel(std::string(1500, 'x'));
  EXPECT_EQ(run.finish().state, TaskState::kKill);
}

TEST_F(TaskResources, ThatCannotBeHadFailTheTaskWithoutThePlugin) {
  support::HttpServer server({HttpAnswer{.status = 404}});
  ask(server);
  const TaskResult& result = run.run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_TRUE(result.fetch_failed);
  EXPECT_THAT(result.message,
              HasSubstr("cannot fetch resource /lib/a from " + server.url("/b/ds/etl/resources/lib/a")));
  EXPECT_THAT(run.log(), Not(HasSubstr("fixture.so")));
  EXPECT_FALSE(std::filesystem::exists(run.request.execute_path));
}

// The time of a task counts from its start, whatever it does with it.
TEST_F(TaskResources, AndThePluginShareTheTimeout) {
  support::HttpServer server({HttpAnswer{.body = "x"}});
  ask(server);
  run.request.timeout = std::chrono::seconds(3);
  run.request.kill_grace = std::chrono::milliseconds(0);
  run.script("sleep 300; sleep 300");
  const TaskResult& result = run.run();
  EXPECT_TRUE(result.timed_out) << run.log();
  EXPECT_EQ(result.message, "timed out after 3 s (taskTimeout)");
}

}  // namespace
}  // namespace porpoise
