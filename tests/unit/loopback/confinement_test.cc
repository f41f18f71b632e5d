// What a task gets from its worker, and what it does not: the user it may be, the environment, open files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "unit/loopback/worker_case.h"

namespace porpoise {
namespace {

using support::WorkerMessage;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using wire::Command;

constexpr int kFailure = 6;  // 3.1 `TaskExecutionStatus`
constexpr int kSuccess = 7;

class Confinement : public WorkerCase {
 protected:
  void TearDown() override {
    worker.reset();
    for (const std::string& name : variables_) ::unsetenv(name.c_str());
  }

  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    variables_.push_back(name);
  }

  // How the task ended, and its log.
  std::pair<int, std::string> run(const std::string& script, const std::string& tenant = "") {
    master.dispatch({.task_instance_id = 7, .script = script, .tenant = tenant});
    const WorkerMessage* const result = master.wait_for(Command::kTaskExecuteResult, 7);
    if (result == nullptr) return {-1, worker->log()};
    std::string log;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(worker->folder() / "logs"))
      if (entry.is_regular_file()) log += read_file(entry.path(), 1U << 20U).value_or("");
    return {static_cast<int>(integer_or(result->json(), "status", -1)), log};
  }

  std::vector<std::string> variables_;
};

TEST_F(Confinement, ATaskOfTenantRootFailsAndItsLogSaysHowToAllowIt) {
  ASSERT_NO_FATAL_FAILURE(start({"--allow-root-tenant=false"}));
  const auto [status, log] = run("echo ran", "root");
  EXPECT_EQ(status, kFailure);
  EXPECT_THAT(log, HasSubstr("tenant \"root\" would run as root"));
  EXPECT_THAT(log, HasSubstr("allow-root-tenant: true"));
  EXPECT_THAT(log, Not(HasSubstr("echo ran")));
  EXPECT_THAT(log, Not(HasSubstr("-> ran")));
}

TEST_F(Confinement, ATaskInheritsTheWorkersEnvironmentWithoutWhatIsTheDaemons) {
  set("NOTIFY_SOCKET", "/nonexistent/notify");
  set("WATCHDOG_USEC", "30000000");
  set("JOURNAL_STREAM", "8:42");
  set("CREDENTIALS_DIRECTORY", "/nonexistent/credentials");
  set("LD_PRELOAD", "/nonexistent/preloaded.so");
  set("PORPOISE_ZOOKEEPER_DIGEST", "ds:canary-zookeeper");
  set("PORPOISE_RESOURCES_SECRET_KEY", "canary-s3");
  set("SPRING_DATASOURCE_PASSWORD", "canary-database");
  set("REGISTRY_ZOOKEEPER_DIGEST", "ds:canary-registry");
  set("PORPOISE_KILL_GRACE", "5s");
  set("SOME_HOME", "/opt/some");
  ASSERT_NO_FATAL_FAILURE(start());
  const auto [status, log] = run("env");
  EXPECT_EQ(status, kSuccess) << log;
  EXPECT_THAT(log, HasSubstr("SOME_HOME=/opt/some\n"));
  EXPECT_THAT(log, ContainsRegex("PORPOISE_TASK_ID=7\\."));
  EXPECT_THAT(log, Not(HasSubstr("canary-zookeeper")));
  EXPECT_THAT(log, Not(HasSubstr("canary-s3")));
  EXPECT_THAT(log, Not(HasSubstr("canary-database")));
  EXPECT_THAT(log, Not(HasSubstr("canary-registry")));
  for (const char* const name : {"NOTIFY_SOCKET", "WATCHDOG_", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY", "LD_PRELOAD",
                                 "PORPOISE_ZOOKEEPER", "PORPOISE_RESOURCES", "PORPOISE_KILL", "SPRING_", "REGISTRY_"})
    EXPECT_THAT(log, Not(HasSubstr(name)));
  EXPECT_THAT(worker->log(), Not(HasSubstr("canary-zookeeper")));
}

TEST_F(Confinement, ATaskHasNoOpenFileButTheThreeStandardOnes) {
  ASSERT_NO_FATAL_FAILURE(start());
  // ls itself has its folder open, as 3.
  const auto [status, log] = run("ls /proc/self/fd | tr '\\n' ' '; readlink /proc/self/fd/0");
  EXPECT_EQ(status, kSuccess) << log;
  EXPECT_THAT(log, HasSubstr("0 1 2 3 /dev/null\n"));
}

TEST_F(Confinement, ATaskGainsNoPrivilegesUnlessThatIsAllowed) {
  ASSERT_NO_FATAL_FAILURE(start());
  EXPECT_THAT(run("grep NoNewPrivs /proc/self/status").second, HasSubstr("NoNewPrivs:\t1\n"));
}

}  // namespace
}  // namespace porpoise
