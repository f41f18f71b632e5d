// Real tasks in real hosts: how they end by themselves, and what is told of them.
#include "launcher/task_process.h"

#include <regex>

#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(Task, ThatSucceedsIsSuccess) {
  TaskRun run;
  const TaskResult result = run.script("echo hello").run();
  EXPECT_EQ(result.state, TaskState::kSuccess) << run.log();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(result.task_instance_id, run.request.task_instance_id);
  EXPECT_GT(result.process_id, 0);
  EXPECT_GE(result.end_time_ms, result.start_time_ms);
  EXPECT_EQ(run.started_pid, run.host_pid);
  EXPECT_THAT(run.log(), HasSubstr(" -  -> hello\n"));
}

TEST(Task, ThatExitsWithAnErrorIsFailureWithThatCode) {
  TaskRun run;
  const TaskResult result = run.script("exit 3").run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.message, "script ended with exit code 3");
}

// 3.1 takes 137 for a kill it ordered, and does not retry.
TEST(Task, ThatSomebodyElseKillsIsFailureNotKill) {
  TaskRun run;
  const TaskResult result = run.script("kill -9 $$").run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_EQ(result.exit_code, 137);
  EXPECT_THAT(result.message, HasSubstr("porpoise did not send that SIGKILL"));
}

TEST(Task, ResultIsOnDiskAndLogIsCompleteBeforeAnybodyIsTold) {
  TaskRun run;
  run.script("seq 1 2000").run();
  EXPECT_TRUE(run.stored_when_told);
  EXPECT_THAT(run.log_when_told, HasSubstr("2000\n"));
  EXPECT_TRUE(run.log_when_told.ends_with(" - FINALIZE_SESSION\n"));
  EXPECT_FALSE(std::filesystem::exists(run.request.execute_path));
  const auto stored = run.stored_result();
  ASSERT_TRUE(stored);
  EXPECT_EQ(to_json(*stored), to_json(*run.result));
}

TEST(Task, AndWhatItStartsGainNoPrivilegesWhenAskedTo) {
  TaskRun run;
  run.script("grep NoNewPrivs /proc/self/status");
  run.request.no_new_privs = true;
  EXPECT_EQ(run.run().state, TaskState::kSuccess) << run.log();
  EXPECT_THAT(run.printed(), testing::ElementsAre("NoNewPrivs:\t1"));
  TaskRun other;
  other.script("grep NoNewPrivs /proc/self/status").run();
  EXPECT_THAT(other.printed(), testing::ElementsAre(testing::StartsWith("NoNewPrivs:")));
}

TEST(Task, StartsInAnEmptyFolderEvenWhenAnOldOneIsThere) {
  TaskRun run;
  std::filesystem::create_directories(run.folder() / "work/old");
  ASSERT_TRUE(write_file(run.folder() / "work/3_1.command", "echo stale", 0700, Durability::kAtomic));
  run.script("pwd; ls -A | wc -l; stat -c %a .").run();
  EXPECT_THAT(run.printed(), ElementsAre(run.request.execute_path, "1", "700"));  // 1: its command file
}

TEST(Task, FolderThatItMadeUnreadableIsRemovedToo) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  TaskRun run;
  run.script("mkdir -p a/b; touch a/b/c; chmod 000 a/b a").run();
  EXPECT_FALSE(std::filesystem::exists(run.request.execute_path));
}

TEST(Task, FolderIsKeptWhenAskedFor) {
  TaskRun run;
  run.request.keep_execute_path = true;
  run.script("echo 1 > kept").run();
  EXPECT_TRUE(std::filesystem::exists(run.folder() / "work/kept"));
}

TEST(Task, RefusesAFolderThatCannotBeMeant) {
  for (const std::string path : {"", "/", "//", "relative", "/../.."}) {
    TaskRun run;
    run.request.execute_path = path;
    const TaskResult result = run.script("echo hello").run();
    EXPECT_EQ(result.state, TaskState::kFailure);
    EXPECT_THAT(result.message, HasSubstr("working directory \"" + path + "\""));
    EXPECT_THAT(run.log(), Not(HasSubstr("hello")));
  }
}

TEST(Task, RefusesAFolderThatHoldsItsOwnLog) {
  TaskRun run;
  run.request.execute_path = run.folder();
  EXPECT_THAT(run.script("echo hello").run().message, HasSubstr("would be emptied, but"));
  EXPECT_TRUE(std::filesystem::exists(run.request.log_path));
}

TEST(Task, ChosenEnvironmentComesFirstAndReplacesTheEnvFile) {
  TaskRun run;
  ASSERT_TRUE(write_file(run.folder() / "env file.sh", "export FROM_FILE=yes\n", 0600, Durability::kAtomic));
  run.request.env_file = run.folder() / "env file.sh";
  run.script("echo file=$FROM_FILE python=$PYTHONUNBUFFERED tz=$TZ").run();
  EXPECT_THAT(run.log(), HasSubstr("file=yes python=1 tz=UTC\n"));

  TaskRun other;
  other.request.env_file = run.request.env_file;
  other.request.environment_config = "export CHOSEN='a b'";
  other.script("echo file=$FROM_FILE chosen=$CHOSEN").run();
  EXPECT_THAT(other.log(), HasSubstr("file= chosen=a b\n"));
}

TEST(Task, ChildHasNoForeignDescriptorsNoInputAndDefaultSignals) {
  TaskRun run;
  run.script("cat; ls /proc/self/fd | tr '\\n' ' '; grep -E 'Sig(Blk|Ign)' /proc/self/status | tr '\\n' ' '").run();
  // 3 is the folder that ls itself reads; SIGPIPE and all others work as they should.
  EXPECT_THAT(run.log(), HasSubstr("0 1 2 3 SigBlk:\t0000000000000000 SigIgn:\t0000000000000000"));
}

TEST(Task, ProgramIsStartedWithExactlyItsArguments) {
  TaskRun run;
  run.act("two scripts", {{"script", "echo first; exit 0"}}).run();
  EXPECT_THAT(run.log(), HasSubstr(" -  -> a b $HOME\n"));
}

TEST(Task, WordsOfThePluginAndOfItsChildrenKeepTheirOrder) {
  TaskRun run;
  run.act("two scripts", {{"script", "echo first 1; echo first 2"}}).run();
  const std::string log = run.log();
  std::size_t at = 0;
  for (const char* text :
       {"before the first", "-> first 1", "first 2", "between the two", "-> a b", "after the second"}) {
    const std::size_t found = log.find(text, at);
    ASSERT_NE(found, std::string::npos) << text << " is missing or too early in\n" << log;
    at = found;
  }
}

TEST(Task, SecondChildHasACommandFileOfItsOwn) {
  TaskRun run;
  run.request.keep_execute_path = true;
  run.act("two scripts", {{"script", "true"}}).run();
  const std::string stem = run.request.execute_path + "/" + run.request.task_app_id();
  EXPECT_TRUE(std::filesystem::exists(stem + ".command"));
  EXPECT_TRUE(std::filesystem::exists(stem + "_2.command"));
}

TEST(Task, EverythingThePluginTellsArrives) {
  TaskRun run;
  run.request.task_params = "";
  run.act("tell", {{"localParams", {{{"prop", "out"}, {"direct", "OUT"}, {"type", "VARCHAR"}, {"value", ""}}}}});
  run.request.prepare_params["name"] = Property{"name", Direct::kIn, "VARCHAR", "value"};
  run.request.app_ids = "job_0";
  const TaskResult result = run.run();
  EXPECT_EQ(result.state, TaskState::kSuccess) << result.message;
  EXPECT_EQ(result.app_ids, "job_0,job_1,job_2");
  EXPECT_EQ(read_file(run.state_dir() / "app_ids", 100).value_or(""), "job_0,job_1,job_2");
  EXPECT_EQ(result.branch, (Branch{1, "[42]"}));
  ASSERT_EQ(result.var_pool.size(), 1U);
  EXPECT_EQ(result.var_pool[0].value, "set by the plugin");
  EXPECT_THAT(run.app_ids, ElementsAre("job_1", "job_2"));
  EXPECT_THAT(run.progress, ElementsAre("500 half"));
  EXPECT_THAT(run.log(), HasSubstr("expanded: value and ${unknown}"));
  EXPECT_THAT(run.log(), HasSubstr("unknown extension: NULL"));
}

TEST(Task, AnAlertThatItAskedForIsInItsResult) {
  TaskRun run;
  run.act("alert", {{"title", "rows"}, {"content", "[1]"}});
  EXPECT_EQ(run.run().alert, (TaskAlert{7, "rows", "[1]"})) << run.log();
  EXPECT_EQ(run.stored_result()->alert, (TaskAlert{7, "rows", "[1]"}));
}

TEST(Task, AnAlertIsCutWhereItIsTooLong) {
  TaskRun run;
  run.act("alert", {{"title", std::string(5000, 't')}, {"content", std::string(1'000'000, 'c')}});
  const TaskResult result = run.run();
  ASSERT_TRUE(result.alert) << result.message;
  EXPECT_EQ(result.alert->title, std::string(1000, 't'));
  EXPECT_EQ(result.alert->content, std::string(128U << 10U, 'c'));
}

TEST(Task, StatusOfThePluginDecides) {
  const auto result_of = [](int status) {
    TaskRun run;
    run.act("status", {{"status", status}, {"message", "because\nof it"}});
    return run.run();
  };
  EXPECT_EQ(result_of(1).message, "because of it");
  EXPECT_EQ(result_of(1).exit_code, 5);
  EXPECT_EQ(result_of(2).state, TaskState::kFailure) << "nobody ordered a cancel";
  EXPECT_TRUE(result_of(3).timed_out);
  EXPECT_EQ(result_of(4).message, "because of it");
  EXPECT_THAT(result_of(6).message, StartsWith("plugin FIXTURE (/"));
  EXPECT_THAT(result_of(77).message, HasSubstr("because of it"));
  EXPECT_EQ(result_of(77).state, TaskState::kFailure);
}

TEST(Task, BadParametersFailInPrepare) {
  TaskRun run;
  const TaskResult result = run.act("no such act").run();
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_EQ(result.message, "there is no act \"no such act\"");
}

TEST(Task, SpawnOfNothingIsAnErrorForThePlugin) {
  TaskRun run;
  EXPECT_THAT(run.act("invalid spawn").run().message, HasSubstr("give either a program or a text for bash"));
}

TEST(Task, OfATypeThePluginDoesNotKnowFails) {
  TaskRun run;
  run.request.task_type = "OTHER";
  EXPECT_THAT(run.script("true").run().message, HasSubstr("fixture.so cannot make a task of type \"OTHER\""));
}

TEST(Task, WithoutAPluginFileFails) {
  TaskRun run;
  run.request.plugin = "/no/such/plugin.so";
  EXPECT_THAT(run.script("true").run().message, HasSubstr("/no/such/plugin.so"));
}

TEST(Task, DryRunPreparesAndSaysWhatItWouldDo) {
  TaskRun run;
  run.request.dry_run = true;
  EXPECT_EQ(run.script("echo done > " + (run.folder() / "proof").string()).run().state, TaskState::kSuccess);
  EXPECT_THAT(run.log(), HasSubstr("dry run, it would do:\n\tfirst do script\n\tthen end\n"));
  EXPECT_FALSE(std::filesystem::exists(run.folder() / "proof"));

  TaskRun bad;
  bad.request.dry_run = true;
  EXPECT_EQ(bad.act("no such act").run().state, TaskState::kFailure);
}

TEST(Task, InAZoneThatDoesNotExistFails) {
  TaskRun run;
  run.request.time_zone = "Mars/Olympus";
  EXPECT_THAT(run.script("true").run().message, HasSubstr("unknown time zone \"Mars/Olympus\""));
}

TEST(Task, SeveralRunAtOnceInOneLoop) {
  constexpr int kTasks = 6;
  std::vector<std::unique_ptr<TaskRun>> runs;
  for (int i = 0; i < kTasks; ++i) {
    runs.push_back(std::make_unique<TaskRun>());
    runs.back()->script("echo task " + std::to_string(i)).start();
  }
  for (int i = 0; i < kTasks; ++i) {
    auto& run = *runs[static_cast<std::size_t>(i)];
    EXPECT_EQ(run.finish().state, TaskState::kSuccess);
    EXPECT_THAT(run.log(), HasSubstr("task " + std::to_string(i)));
  }
}

TEST(Task, WithoutAHostBinaryIsAnErrorAtOnce) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "TSan makes vfork a fork, which cannot tell why exec failed";
#endif
  TaskRun run;
  run.settings.host_binary = "/no/such/host";
  const auto started = TaskProcess::start(run.deps(), run.script("true").request, run.state_dir(), run);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().to_string(), "cannot start /no/such/host: No such file or directory");
}

TEST(TaskLog, HasThePrefixOf31OnEveryEntryAndATabBeforeEveryOtherLine) {
  TaskRun run;
  run.script("echo one; echo; echo three; printf 'last without newline'").run();
  const std::regex entry(R"(\[(DEBUG|INFO|WARN|ERROR)\] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+0000 - .*)");
  std::istringstream lines(run.log());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_FALSE(line.empty());
    EXPECT_TRUE(line[0] == '\t' || std::regex_match(line, entry)) << line;
  }
  EXPECT_THAT(run.printed(), ElementsAre("one", "", "three", "last without newline"));
}

TEST(TaskLog, DoesNotCallAFirstAttemptOne) {
  TaskRun run;
  run.script("true").run();
  EXPECT_THAT(run.log(), Not(HasSubstr("attempt")));
}

TEST(TaskLog, SaysWhatRunsWhereAndHowItEnded) {
  TaskRun run;
  run.request.timeout = std::chrono::seconds(60);
  run.request.attempt = 2;
  run.script("exit 4").run();
  const std::string id = std::to_string(run.request.task_instance_id);
  EXPECT_THAT(run.log(), HasSubstr("task \"a task\" of type FIXTURE, task instance " + id +
                                   " of workflow instance 3, attempt 2\n"));
  EXPECT_THAT(run.log(), HasSubstr("working directory " + run.request.execute_path + ", timeout 60 s\n"));
  EXPECT_THAT(run.log(), HasSubstr("plugin " + run.request.plugin + ", version "));
  EXPECT_THAT(run.log(), HasSubstr("[ERROR] "));
  EXPECT_THAT(run.log(), HasSubstr("task ended: FAILURE, exit code 4, after "));
}

TEST(TaskLog, IsInTheZoneOfTheRequest) {
  TaskRun run;
  run.request.time_zone = "Asia/Shanghai";
  run.script("date +%z").run();
  EXPECT_THAT(run.log(), HasSubstr(" +0800 -  -> +0800\n"));
}

}  // namespace
}  // namespace porpoise
