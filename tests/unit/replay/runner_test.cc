#include "replay/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/file.h"
#include "workflow/import.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// Events as short texts.
class Journal final : public StatusPrinter {
 public:
  void workflow_started(const RunStart& /*start*/) override {}
  void task_started(const TaskAttempt& task, Elapsed /*at*/) override { lines.push_back("start " + task.name); }
  void task_retry(const TaskAttempt& task, std::string_view, Elapsed /*delay*/, Elapsed /*at*/) override {
    lines.push_back("retry " + task.name);
  }
  void task_finished(const TaskReport& task, const std::vector<std::string>&, Elapsed /*at*/) override {
    lines.push_back(std::string(to_string(task.state)) + " " + task.name);
  }
  void task_skipped(const TaskReport& task, Elapsed /*at*/) override {
    lines.push_back(std::string(to_string(task.state)) + " " + task.name);
  }
  void note(std::string_view text, Elapsed /*at*/) override { lines.emplace_back("note " + std::string(text)); }
  void workflow_finished(const RunReport& /*report*/) override {}

  std::vector<std::string> lines;
};

// Plays the task host: what each attempt of a task does is scripted by its name.
struct Script {
  std::vector<TaskState> outcomes = {TaskState::kSuccess};  // per attempt; the last one repeats
  bool hangs = false;                                       // until it is stopped
  std::optional<Branch> branch = {};                        // that a SWITCH takes
};

class FakeHost {
 public:
  explicit FakeHost(boost::asio::io_context& io) : io_(io) {}

  std::map<std::string, Script> scripts;
  std::vector<TaskRequest> requests;
  std::size_t running = 0;
  std::size_t most_running = 0;
  std::vector<std::string> stopped;
  std::function<void(const std::string&)> on_start = [](const std::string&) {};

  HostStarter starter() {
    return [this](const TaskRequest& request, const std::filesystem::path&, AttemptLine,
                  AttemptDone on_done) -> Result<std::unique_ptr<Attempt>> {
      requests.push_back(request);
      most_running = std::max(most_running, ++running);
      auto attempt = std::make_unique<FakeAttempt>(*this, request, std::move(on_done));
      if (!scripts[request.task_name].hangs) attempt->end(attempt->scripted());
      on_start(request.task_name);
      return attempt;
    };
  }

 private:
  struct FakeAttempt final : Attempt {
    FakeAttempt(FakeHost& host, TaskRequest asked, AttemptDone done)
        : host_(host), request(std::move(asked)), on_done(std::move(done)) {}
    TaskState scripted() const {
      const auto& outcomes = host_.scripts[request.task_name].outcomes;
      return outcomes[std::min<std::size_t>(static_cast<std::size_t>(request.attempt), outcomes.size()) - 1];
    }
    void end(TaskState state) {
      boost::asio::post(host_.io_, [this, state] {
        --host_.running;
        TaskResult result;
        result.task_instance_id = request.task_instance_id;
        result.state = state;
        result.branch = host_.scripts[request.task_name].branch;
        result.end_time_ms = ++host_.now_ms_;
        result.var_pool = request.var_pool;
        result.var_pool.push_back({"last", Direct::kOut, "VARCHAR", request.task_name});
        on_done(result);
      });
    }
    void stop(const std::string& reason, bool at_once) override {
      host_.stopped.push_back(request.task_name + (at_once ? " at once: " : ": ") + reason);
      if (!std::exchange(is_stopped, true)) end(TaskState::kKill);
    }
    FakeHost& host_;
    TaskRequest request;
    AttemptDone on_done;
    bool is_stopped = false;
  };

  boost::asio::io_context& io_;
  std::int64_t now_ms_ = 0;
};

// {"name": …, + members} as a task definition of a workflow whose relations are `edges` ("a>b").
struct WorkflowText {
  std::int64_t code = 100;
  std::string name = "w";
  std::vector<std::pair<std::string, Json>> tasks;
  std::vector<std::pair<std::string, std::string>> edges = {};

  std::int64_t code_of(const std::string& task) const {
    for (std::size_t i = 0; i < tasks.size(); ++i)
      if (tasks[i].first == task) return code * 1000 + static_cast<std::int64_t>(i);
    return 0;
  }

  Json json() const {
    Json list = Json::array();
    for (const auto& [task, members] : tasks) {
      Json entry{{"code", code_of(task)}, {"name", task}, {"taskType", "SHELL"}, {"taskParams", Json::object()}};
      if (members.is_object()) entry.update(members);
      list.push_back(std::move(entry));
    }
    Json relations = Json::array();
    for (const auto& [task, members] : tasks)
      relations.push_back({{"preTaskCode", 0}, {"postTaskCode", code_of(task)}});
    for (const auto& [pre, post] : edges)
      relations.push_back({{"preTaskCode", code_of(pre)}, {"postTaskCode", code_of(post)}});
    return {{"processDefinition", {{"name", name}, {"code", code}, {"version", 2}, {"globalParams", "[]"}}},
            {"taskDefinitionList", list},
            {"processTaskRelationList", relations}};
  }
};

class RunnerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("porpoise-runner-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    settings_.parallel = 4;
    settings_.time_scale = 1e-5;  // a minute is less than a millisecond
    settings_.plugins["SHELL"] = {"/plugins/shell.so", {{"k", "v"}}};
    settings_.plugins["SWITCH"] = {"/plugins/switch.so", Json::object()};
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RunReport run(const std::vector<WorkflowText>& texts, GraphOptions options = {}) {
    Json file = Json::array();
    for (const WorkflowText& text : texts) file.push_back(text.json());
    auto workflows = import_workflows(dump_json(file));
    EXPECT_TRUE(workflows) << workflows.error().to_string();
    if (!workflows) return {};
    settings_.workflows = *workflows;
    options.failure_strategy = settings_.failure_strategy;
    auto directory = RunDirectory::create(folder_, "20260131");
    EXPECT_TRUE(directory) << directory.error().to_string();
    runner_ = std::make_unique<Runner>(io_, settings_, *directory, journal_, host_.starter());
    RunReport report;
    RunParameters parameters;
    parameters.time.schedule_time = "20260131120000";
    runner_->start(settings_.workflows[0], options, parameters, [&](const RunReport& finished) {
      report = finished;
      io_.stop();
    });
    io_.run_for(std::chrono::seconds(20));
    EXPECT_NE(report.state, RunState::kRunning) << "the run did not end";
    runner_.reset();
    return report;
  }

  static std::map<std::string, std::string> states(const RunReport& report) {
    std::map<std::string, std::string> states;
    for (const TaskReport& task : report.tasks) states[task.name] = to_string(task.state);
    return states;
  }
  using States = std::map<std::string, std::string>;

  std::filesystem::path folder_;
  boost::asio::io_context io_;
  RunSettings settings_;
  Journal journal_;
  FakeHost host_{io_};
  std::unique_ptr<Runner> runner_;
};

TEST_F(RunnerTest, GivesEachTaskARequestLikeAMastersDispatch) {
  host_.scripts["a"] = {};
  const RunReport report = run({{.tasks = {{"a", {}}, {"b", {}}}, .edges = {{"a", "b"}}}});
  EXPECT_EQ(report.state, RunState::kSuccess);
  ASSERT_EQ(host_.requests.size(), 2U);
  const TaskRequest& request = host_.requests[1];
  EXPECT_EQ(request.task_instance_id, 2);
  EXPECT_EQ(request.process_instance_id, 1);
  EXPECT_EQ(request.process_define_code, 100);
  EXPECT_EQ(request.process_define_version, 2);
  EXPECT_EQ(request.plugin, "/plugins/shell.so");
  EXPECT_EQ(request.plugin_config, Json::parse(R"({"k":"v"})"));
  EXPECT_EQ(request.log_path, folder_ / "logs/20260131/100_2-1-2.log");
  EXPECT_EQ(request.execute_path, folder_ / "tasks/2/work");
  EXPECT_EQ(request.schedule_time, "20260131120000");
  EXPECT_EQ(request.var_pool, (PropertyList{{"last", Direct::kIn, "VARCHAR", "a"}}));
  EXPECT_EQ(request.prepare_params.at("last").value, "a");
  EXPECT_EQ(std::filesystem::read_symlink(folder_ / "logs/by-name/b.log"), "../20260131/100_2-1-2.log");
}

TEST_F(RunnerTest, RepeatsAFailedTaskAsOftenAsItsDefinitionSays) {
  host_.scripts["a"] = {.outcomes = {TaskState::kFailure, TaskState::kFailure, TaskState::kSuccess}};
  host_.scripts["b"] = {.outcomes = {TaskState::kFailure}};
  const Json retries{{"failRetryTimes", 2}, {"failRetryInterval", 1}};
  const RunReport report = run({{.tasks = {{"a", retries}, {"b", {{"failRetryTimes", 1}}}}}});
  EXPECT_EQ(states(report), (States{{"a", "SUCCESS"}, {"b", "FAILURE"}}));
  EXPECT_EQ(report.tasks[0].attempts, 3);
  EXPECT_EQ(report.tasks[1].attempts, 2);
  EXPECT_EQ(report.state, RunState::kFailure);
  std::set<std::int64_t> ids;
  for (const TaskRequest& request : host_.requests) ids.insert(request.task_instance_id);
  EXPECT_EQ(ids.size(), 5U) << "each attempt is a task instance of its own";
}

TEST_F(RunnerTest, RunsNoMoreTasksThanAllowedAndUrgentOnesFirst) {
  settings_.parallel = 1;
  run({{.tasks = {{"low", {{"taskPriority", "LOWEST"}}}, {"mid", {}}, {"high", {{"taskPriority", "HIGHEST"}}}}}});
  EXPECT_EQ(host_.most_running, 1U);
  std::vector<std::string> order;
  for (const TaskRequest& request : host_.requests) order.push_back(request.task_name);
  EXPECT_THAT(order, ElementsAre("high", "mid", "low"));
}

TEST_F(RunnerTest, EndsTheOthersWhenOneFailsUnderStrategyEnd) {
  settings_.failure_strategy = FailureStrategy::kEnd;
  host_.scripts["bad"] = {.outcomes = {TaskState::kFailure}};
  host_.scripts["long"] = {.hangs = true};
  const RunReport report = run({{.tasks = {{"bad", {}}, {"long", {}}, {"after", {}}}, .edges = {{"long", "after"}}}});
  EXPECT_EQ(states(report), (States{{"bad", "FAILURE"}, {"long", "KILL"}, {"after", "NOT RUN"}}));
  EXPECT_THAT(host_.stopped, ElementsAre("long: 'bad' failed (failure strategy END)"));
}

TEST_F(RunnerTest, LetsTheOthersFinishUnderStrategyContinue) {
  host_.scripts["bad"] = {.outcomes = {TaskState::kFailure}};
  const RunReport report =
      run({{.tasks = {{"bad", {}}, {"other", {}}, {"after bad", {}}}, .edges = {{"bad", "after bad"}}}});
  EXPECT_EQ(states(report), (States{{"bad", "FAILURE"}, {"other", "SUCCESS"}, {"after bad", "NOT RUN"}}));
  EXPECT_THAT(journal_.lines, ::testing::Contains("NOT RUN after bad"));
}

TEST_F(RunnerTest, InterruptStopsWhatRunsAndStartsNothingMore) {
  host_.scripts["long"] = {.hangs = true};
  host_.scripts["flaky"] = {.outcomes = {TaskState::kFailure}};
  settings_.time_scale = 1;  // the retry would come in ten minutes
  host_.on_start = [this](const std::string& name) {
    if (name == "flaky") boost::asio::post(io_, [this] { boost::asio::post(io_, [this] { runner_->interrupt(); }); });
  };
  const RunReport report =
      run({{.tasks = {{"long", {}}, {"flaky", {{"failRetryTimes", 1}, {"failRetryInterval", 10}}}, {"after", {}}},
            .edges = {{"long", "after"}}}});
  EXPECT_TRUE(report.interrupted);
  EXPECT_EQ(report.state, RunState::kStop);
  EXPECT_EQ(states(report), (States{{"long", "KILL"}, {"flaky", "FAILURE"}, {"after", "NOT RUN"}}));
  EXPECT_THAT(host_.stopped, ElementsAre("long: interrupted"));
}

TEST_F(RunnerTest, InterruptIsHeardBeforeAWorkflowThatATaskStartsBeginsItsTasks) {
  host_.scripts["first"] = {.hangs = true};
  host_.on_start = [this](const std::string& name) {
    if (name == "first") boost::asio::post(io_, [this] { runner_->interrupt(); });
  };
  const Json sub{{"taskType", "SUB_PROCESS"}, {"taskParams", {{"processDefinitionCode", 200}}}};
  const RunReport report =
      run({{.tasks = {{"first", {}}, {"sub", sub}}}, {.code = 200, .name = "child", .tasks = {{"x", {}}}}});
  EXPECT_TRUE(report.interrupted);
  EXPECT_EQ(states(report), (States{{"first", "KILL"}, {"sub", "KILL"}, {"sub/x", "NOT RUN"}}));
  EXPECT_EQ(host_.requests.size(), 1U) << "x was started, too";
}

TEST_F(RunnerTest, TheSecondInterruptKillsAtOnce) {
  host_.scripts["long"] = {.hangs = true};
  host_.on_start = [this](const std::string&) {
    boost::asio::post(io_, [this] {
      runner_->interrupt();
      runner_->interrupt();
    });
  };
  EXPECT_TRUE(run({{.tasks = {{"long", {}}}}}).interrupted);
  EXPECT_THAT(host_.stopped, ElementsAre("long: interrupted", "long at once: interrupted"));
}

TEST_F(RunnerTest, DelaysATaskAndWarnsOfALateOne) {
  host_.scripts["late"] = {.hangs = true};
  settings_.time_scale = 1e-4;  // a minute is 6 ms
  host_.on_start = [this](const std::string& name) {
    if (name == "after delay") boost::asio::post(io_, [this] { runner_->interrupt(); });
  };
  const Json late{{"timeoutFlag", "OPEN"}, {"timeoutNotifyStrategy", "WARN"}, {"timeout", 1}};
  run({{.tasks = {{"late", late}, {"after delay", {{"delayTime", 20}}}}}});
  EXPECT_THAT(journal_.lines, ::testing::Contains(HasSubstr("note 'late' runs longer than its timeout")));
  EXPECT_THAT(journal_.lines, ::testing::Contains(HasSubstr("note 'after delay' starts in ")));
  EXPECT_EQ(host_.requests[0].timeout.count(), 0) << "WARN ends nothing";
  EXPECT_GE(host_.requests.size(), 2U);
}

TEST_F(RunnerTest, GivesTheHostATimeoutThatEndsTheTask) {
  settings_.time_scale = 0.5;
  const Json strict{{"timeoutFlag", "OPEN"}, {"timeoutNotifyStrategy", "WARNFAILED"}, {"timeout", 1}};
  run({{.tasks = {{"strict", strict}, {"closed", {{"timeoutFlag", "CLOSE"}, {"timeout", 1}}}}}});
  EXPECT_EQ(host_.requests[0].timeout, milliseconds(30001));
  EXPECT_EQ(host_.requests[1].timeout, milliseconds(0));
}

TEST_F(RunnerTest, DecidesConditionsItselfAndLogsWhy) {
  host_.scripts["check"] = {.outcomes = {TaskState::kFailure}};
  WorkflowText text{.tasks = {{"check", {}}, {"gate", {}}, {"good", {}}, {"bad", {}}},
                    .edges = {{"check", "gate"}, {"gate", "good"}, {"gate", "bad"}}};
  text.tasks[1].second = {
      {"taskType", "CONDITIONS"},
      {"taskParams",
       {{"dependence",
         {{"relation", "AND"},
          {"dependTaskList",
           {{{"relation", "AND"},
             {"dependItemList", {{{"depTaskCode", text.code_of("check")}, {"status", "SUCCESS"}}}}}}}}},
        {"conditionResult", {{"successNode", {text.code_of("good")}}, {"failedNode", {text.code_of("bad")}}}}}}};
  const RunReport report = run({text});
  EXPECT_EQ(states(report),
            (States{{"check", "FAILURE"}, {"gate", "FAILURE"}, {"good", "SKIPPED"}, {"bad", "SUCCESS"}}));
  EXPECT_EQ(report.state, RunState::kSuccess);
  EXPECT_THAT(*read_file(report.tasks[1].log, 10000), HasSubstr("check"));
  EXPECT_THAT(*read_file(report.tasks[1].log, 10000), HasSubstr("FINALIZE_SESSION\n"));
}

TEST_F(RunnerTest, RunsASubProcessOfTheSameFileAsItsTask) {
  const Json sub{{"taskType", "SUB_PROCESS"}, {"taskParams", {{"processDefinitionCode", 200}}}};
  const RunReport report =
      run({{.tasks = {{"before", {}}, {"sub", sub}, {"after", {}}}, .edges = {{"before", "sub"}, {"sub", "after"}}},
           {.code = 200, .name = "child", .tasks = {{"x", {}}, {"y", {}}}, .edges = {{"x", "y"}}}});
  EXPECT_EQ(states(report), (States{{"before", "SUCCESS"},
                                    {"sub", "SUCCESS"},
                                    {"sub/x", "SUCCESS"},
                                    {"sub/y", "SUCCESS"},
                                    {"after", "SUCCESS"}}));
  std::vector<std::string> order;
  for (const TaskRequest& request : host_.requests) order.push_back(request.task_name);
  EXPECT_THAT(order, ElementsAre("before", "x", "y", "after"));
  EXPECT_EQ(host_.requests[1].process_instance_id, 2);
  EXPECT_EQ(host_.requests[1].process_define_code, 200);
}

TEST_F(RunnerTest, AFailedSubProcessFailsItsTask) {
  host_.scripts["x"] = {.outcomes = {TaskState::kFailure}};
  const Json sub{{"taskType", "SUB_PROCESS"}, {"taskParams", {{"processDefinitionCode", 200}}}};
  const RunReport report = run({{.tasks = {{"sub", sub}}}, {.code = 200, .name = "child", .tasks = {{"x", {}}}}});
  EXPECT_EQ(states(report), (States{{"sub", "FAILURE"}, {"sub/x", "FAILURE"}}));
  EXPECT_EQ(report.tasks[0].message, "workflow 'child' ended: FAILURE");
}

TEST_F(RunnerTest, ADryRunShowsEveryTaskWhateverFailsAndRetriesNothing) {
  settings_.dry_run = true;
  WorkflowText text{.tasks = {{"choose", {}}, {"one", {}}, {"other", {{"failRetryTimes", 3}}}, {"after", {}}},
                    .edges = {{"choose", "one"}, {"choose", "other"}, {"other", "after"}}};
  text.tasks[0].second = {{"taskType", "SWITCH"},
                          {"taskParams",
                           {{"switchResult",
                             {{"dependTaskList", {{{"condition", "true"}, {"nextNode", text.code_of("one")}}}},
                              {"nextNode", text.code_of("other")}}}}}};
  host_.scripts["other"] = {.outcomes = {TaskState::kFailure}};
  const RunReport report = run({text});
  EXPECT_EQ(states(report),
            (States{{"choose", "SUCCESS"}, {"one", "SUCCESS"}, {"other", "FAILURE"}, {"after", "SUCCESS"}}));
  EXPECT_EQ(report.state, RunState::kFailure);
  for (const TaskRequest& request : host_.requests) EXPECT_TRUE(request.dry_run);
  EXPECT_EQ(host_.requests.size(), 4U);
}

TEST_F(RunnerTest, SaysByNameWhereASwitchWent) {
  WorkflowText text{.tasks = {{"choose", {}}, {"one", {}}, {"other", {}}},
                    .edges = {{"choose", "one"}, {"choose", "other"}}};
  text.tasks[0].second = {
      {"taskType", "SWITCH"},
      {"taskParams", {{"switchResult", {{"dependTaskList", Json::array()}, {"nextNode", {text.code_of("other")}}}}}}};
  host_.scripts["choose"] = {.branch = Branch{0, ""}};
  const RunReport report = run({text});
  EXPECT_EQ(states(report), (States{{"choose", "SUCCESS"}, {"one", "NOT RUN"}, {"other", "SUCCESS"}}));
  EXPECT_THAT(report.tasks[0].leads_to, ElementsAre("other"));
  EXPECT_TRUE(report.tasks[2].leads_to.empty());
}

TEST_F(RunnerTest, WarnsOnceOfAPlaceholderThatNothingGivesAValue) {
  settings_.variables = {"IN_ENVIRONMENT"};
  settings_.environment_text = "export in_env_file=1";
  WorkflowText text{.tasks = {{"a", {{"failRetryTimes", 2}}}}};
  text.tasks[0].second["taskParams"] = {
      {"rawScript", "echo ${dya} ${IN_ENVIRONMENT} ${in_env_file} ${day}"},
      {"localParams", {{{"prop", "day"}, {"direct", "IN"}, {"type", "VARCHAR"}, {"value", "1"}}}}};
  host_.scripts["a"] = {.outcomes = {TaskState::kFailure}};
  run({text});
  const auto is_warning = [](const std::string& line) { return line.starts_with("note WARN"); };
  EXPECT_EQ(std::count_if(journal_.lines.begin(), journal_.lines.end(), is_warning), 1);
  EXPECT_THAT(journal_.lines, ::testing::Contains(::testing::AllOf(
                                  HasSubstr("'a': nothing gives ${dya} of rawScript a value"), HasSubstr("'day'"))));
}

TEST_F(RunnerTest, ATaskWithoutPluginFailsAloneWithTheReason) {
  const RunReport report = run({{.tasks = {{"a", {{"taskType", "FLINK"}}}, {"b", {}}}}});
  EXPECT_EQ(states(report), (States{{"a", "FAILURE"}, {"b", "SUCCESS"}}));
  EXPECT_EQ(report.tasks[0].message, "no plugin for task type FLINK");
  EXPECT_THAT(*read_file(report.tasks[0].log, 10000), HasSubstr("no plugin for task type FLINK"));
}

TEST_F(RunnerTest, RunsTheChosenTasksAlone) {
  const WorkflowText text{.tasks = {{"a", {}}, {"b", {}}, {"c", {}}}, .edges = {{"a", "b"}, {"b", "c"}}};
  GraphOptions options;
  options.only = {{text.code_of("b")}};
  const RunReport report = run({text}, options);
  EXPECT_EQ(states(report), (States{{"b", "SUCCESS"}}));
  EXPECT_THAT(journal_.lines, ElementsAre("start b", "SUCCESS b"));
}

TEST_F(RunnerTest, RefusesARunDirectoryThatHoldsAnotherRun) {
  std::filesystem::create_directories(folder_ / "tasks");
  const auto again = RunDirectory::create(folder_, "20260131");
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message(), HasSubstr("is not empty: give another --run-dir"));
}

TEST(FileNameOf, MakesEveryTaskNameOneHarmlessName) {
  EXPECT_EQ(file_name_of("load data"), "load data");
  EXPECT_EQ(file_name_of("../../etc/passwd"), "_.._.._etc_passwd");
  EXPECT_EQ(file_name_of("a\nb"), "a_b");
  EXPECT_EQ(file_name_of(""), "_");
  EXPECT_LE(file_name_of(std::string(1000, 'x')).size(), 200U);
}

TEST(FileNameOf, NamesThatFallTogetherHaveALinkEach) {
  EXPECT_EQ(unique_file_name_of("load data"), "load data");
  EXPECT_EQ(unique_file_name_of("a_b"), "a_b");
  EXPECT_EQ(unique_file_name_of("a/b"), "a_b~3a8e75c1");
  EXPECT_NE(unique_file_name_of("a\nb"), unique_file_name_of("a/b"));
  EXPECT_NE(unique_file_name_of(std::string(300, 'x')), unique_file_name_of(std::string(301, 'x')));
}

}  // namespace
}  // namespace porpoise
