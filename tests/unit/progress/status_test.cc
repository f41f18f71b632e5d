#include "progress/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "base/json.h"
#include "progress/output.h"
#include "progress/text_status.h"
#include "replay/runner.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Everything a printer writes, through a pipe as in life.
class Recorder {
 public:
  Recorder(StatusFormat format, OutputTraits traits) {
    EXPECT_EQ(::pipe(ends_), 0);
    output_ = std::make_unique<Output>(ends_[1], traits);
    printer_ = make_status_printer(format, *output_);
  }
  ~Recorder() {
    for (const int end : ends_) ::close(end);
  }
  StatusPrinter& operator*() { return *printer_; }
  StatusPrinter* operator->() { return printer_.get(); }
  std::string text() {
    std::string buffer(1U << 16U, '\0');
    buffer.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends_[0], buffer.data(), buffer.size()))));
    return buffer;
  }

 private:
  int ends_[2]{};
  std::unique_ptr<Output> output_;
  std::unique_ptr<StatusPrinter> printer_;
};

TaskAttempt first_attempt() { return {7, "train", "PYTHON", 1, 3, "/run/logs/7.log"}; }

TaskReport failed_task() {
  TaskReport task;
  task.instance_id = 7;
  task.name = "train";
  task.type = "PYTHON";
  task.state = NodeState::kFailure;
  task.message = "script ended with exit code 1";
  task.exit_code = 1;
  task.attempts = 3;
  task.wait = milliseconds(200);
  task.run = milliseconds(1500);
  task.var_pool = {{"in", Direct::kIn, "VARCHAR", "x"}, {"auc", Direct::kOut, "VARCHAR", "0.93"}};
  task.log = "/run/logs/7.log";
  return task;
}

RunReport failed_run() {
  RunReport report;
  report.workflow = "demo";
  report.state = RunState::kFailure;
  report.duration = milliseconds(2000);
  report.run_directory = "/run";
  report.tasks = {failed_task()};
  TaskReport skipped;
  skipped.name = "deploy";
  skipped.type = "HTTP";
  skipped.state = NodeState::kNotRun;
  skipped.message = "upstream 'train' failed";
  report.tasks.push_back(skipped);
  return report;
}

void tell_all(StatusPrinter& printer) {
  printer.workflow_started({"demo", 2, "/run", 1700000000000, false});
  printer.task_started(first_attempt(), milliseconds(0));
  printer.task_retry(first_attempt(), "script ended with exit code 1", milliseconds(60000), milliseconds(500));
  printer.task_finished(failed_task(), {"Traceback", "KeyError: 'x'"}, milliseconds(1900));
  printer.task_skipped(failed_run().tasks[1], milliseconds(1900));
  printer.note("something", milliseconds(1950));
  printer.workflow_finished(failed_run());
}

TEST(PlainStatus, SaysByNameWhereASwitchWentAndThatTheWorkflowProvidesForAFailure) {
  TaskReport chooser = failed_task();
  chooser.type = "CONDITIONS";
  chooser.leads_to = {"report", "tell all"};
  RunReport report = failed_run();
  report.state = RunState::kSuccess;
  report.tasks = {chooser};
  Recorder plain(StatusFormat::kPlain, {});
  plain->task_finished(chooser, {}, milliseconds(1900));
  plain->workflow_finished(report);
  const std::string text = plain.text();
  EXPECT_THAT(text, HasSubstr("FAILURE in 1.5s after 3 attempts → report, tell all: script ended"));
  EXPECT_THAT(text, HasSubstr("→ report, tell all · auc=0.93 · script ended"));
  EXPECT_THAT(text,
              HasSubstr("\nworkflow demo: SUCCESS in 2.0s; exit status 0: the workflow provides for what failed\n"));
  Recorder json(StatusFormat::kJson, {});
  json->task_finished(chooser, {}, milliseconds(1900));
  EXPECT_THAT(json.text(), HasSubstr(R"("leadsTo":["report","tell all"])"));
}

TEST(PlainStatus, CutsTheLongLinesOfAFailedTaskAndSaysWhereTheyAreWhole) {
  Recorder recorder(StatusFormat::kPlain, {});
  recorder->task_finished(failed_task(), {std::string(60000, 'x'), "short"}, milliseconds(1900));
  const std::string text = recorder.text();
  EXPECT_LT(text.size(), 2000U);
  EXPECT_THAT(text, HasSubstr("xxx… (59000 bytes more in /run/logs/7.log)\n  | short\n"));
  TaskReport planned = failed_task();
  planned.state = NodeState::kSuccess;
  recorder->task_finished(planned, {std::string(10000, 'y')}, milliseconds(1900));
  EXPECT_THAT(recorder.text(), HasSubstr(std::string(10000, 'y') + "\n")) << "the plan of a dry run, which has no log";
}

TEST(PlainStatus, WritesOneLinePerEventAndTheTable) {
  Recorder recorder(StatusFormat::kPlain, {});
  tell_all(*recorder);
  EXPECT_EQ(recorder.text(),
            "[  0.0s] workflow demo: 2 tasks, logs in /run\n"
            "[  0.0s] train: started (PYTHON, attempt 1 of 3)\n"
            "[  0.5s] train: attempt 1 of 3 failed: script ended with exit code 1; again in 1m00s\n"
            "[  1.9s] train: FAILURE in 1.5s after 3 attempts: script ended with exit code 1\n"
            "  | Traceback\n"
            "  | KeyError: 'x'\n"
            "[  1.9s] deploy: NOT RUN: upstream 'train' failed\n"
            "[  1.9s] something\n"
            "\n"
            "task    type    state    wait   run  attempts  outputs\n"
            "train   PYTHON  FAILURE  0.2s  1.5s         3  auc=0.93 · script ended with exit code 1\n"
            "deploy  HTTP    NOT RUN     -     -         -  upstream 'train' failed\n"
            "\n"
            "workflow demo: FAILURE in 2.0s; exit status 1: the workflow failed\n"
            "logs: /run\n");
}

TEST(QuietStatus, SaysOnlyWhatFailedAndTheTable) {
  Recorder recorder(StatusFormat::kQuiet, {});
  tell_all(*recorder);
  const std::string text = recorder.text();
  EXPECT_EQ(text.rfind("[  1.9s] train: FAILURE", 0), 0U) << text;
  EXPECT_THAT(text, HasSubstr("\nworkflow demo: FAILURE in 2.0s; exit status 1: the workflow failed\n"));
  EXPECT_THAT(text, Not(HasSubstr("something")));
}

TEST(JsonStatus, WritesOneObjectPerEventWithFixedNames) {
  Recorder recorder(StatusFormat::kJson, {});
  tell_all(*recorder);
  std::istringstream lines(recorder.text());
  std::vector<Json> events;
  for (std::string line; std::getline(lines, line);) {
    auto event = parse_json(line);
    ASSERT_TRUE(event) << line;
    events.push_back(*event);
  }
  std::vector<std::string> names;
  for (const Json& event : events) names.push_back(event["event"]);
  EXPECT_THAT(names, ElementsAre("workflow_started", "task_started", "task_retry", "task_finished", "task_skipped",
                                 "note", "workflow_finished"));
  EXPECT_EQ(events[0]["time"], "2023-11-14T22:13:20.000Z");
  EXPECT_EQ(events[2]["delayMillis"], 60000);
  EXPECT_EQ(events[2]["time"], "2023-11-14T22:13:20.500Z");
  EXPECT_EQ(events[3]["outputs"], Json::parse(R"({"auc":"0.93"})"));
  EXPECT_EQ(events[3]["logTail"], Json::parse(R"(["Traceback","KeyError: 'x'"])"));
  EXPECT_EQ(events[4]["message"], "upstream 'train' failed");
  EXPECT_EQ(events[6]["state"], "FAILURE");
  EXPECT_EQ(events[6]["tasks"].size(), 2U);
}

TEST(TerminalStatus, RedrawsTheRunningTasksInPlace) {
  Recorder recorder(StatusFormat::kTerminal, {.terminal = true, .colors = false});
  recorder->workflow_started({"demo", 2, "/run", 0, false});
  recorder->task_started(first_attempt(), milliseconds(0));
  recorder->task_line(7, "epoch \x1B[2J 3");
  recorder.text();
  recorder->tick(milliseconds(1200));
  EXPECT_EQ(recorder.text(), "\x1B[2A\r\x1B[J⠙ train  1.2s  epoch \\x1b[2J 3\n[0/2] 1.2s, 1 running\n");
  recorder->task_finished(failed_task(), {}, milliseconds(1900));
  const std::string text = recorder.text();
  EXPECT_EQ(text.rfind("\x1B[2A\r\x1B[J[  1.9s] train: FAILURE", 0), 0U) << text;
  EXPECT_THAT(text, HasSubstr("\n[1/2] 1.9s, 1 failed\n"));
}

TEST(TerminalStatus, ElidesALongLogLineToTheWidth) {
  Recorder recorder(StatusFormat::kTerminal, {.terminal = true, .colors = false});
  recorder->task_started(first_attempt(), milliseconds(0));
  recorder->task_line(7, std::string(500, 'x'));
  recorder.text();
  recorder->tick(milliseconds(0));
  std::istringstream lines(recorder.text());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110U) << line;
}

TEST(TerminalStatus, ShowsNoMoreTasksThanTheScreenHasLines) {
  Recorder recorder(StatusFormat::kTerminal, {.terminal = true, .colors = false});
  for (int i = 0; i < 100; ++i) {
    TaskAttempt task = first_attempt();
    task.instance_id = i;
    recorder->task_started(task, milliseconds(0));
    recorder.text();
  }
  recorder->tick(milliseconds(0));
  const std::string text = recorder.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 22) << "a screen without a size counts as 24 lines";
  EXPECT_THAT(text, HasSubstr("100 running"));
}

TEST(Output, SurvivesAReaderThatGoesAway) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  ::signal(SIGPIPE, SIG_IGN);
  Output output(ends[1], {});
  output.write("lost");
  output.write("lost, too");
  ::close(ends[1]);
}

TEST(Output, UsesColorsOnlyWhereTheyAreWanted) {
  EXPECT_TRUE(decide_traits(true, {.term = "xterm"}).colors);
  EXPECT_FALSE(decide_traits(false, {.term = "xterm"}).colors);
  EXPECT_TRUE(decide_traits(false, {.clicolor_force = "1"}).colors);
  EXPECT_FALSE(decide_traits(false, {.clicolor_force = "0"}).colors);
  EXPECT_FALSE(decide_traits(true, {.no_color = "1", .clicolor_force = "1"}).colors);
  EXPECT_FALSE(decide_traits(true, {.no_color_option = true}).colors);
  EXPECT_FALSE(decide_traits(true, {.term = "dumb"}).terminal);
}

TEST(Summary, HoldsStateAndVarPoolOfTasksThatRan) {
  EXPECT_EQ(dump_json(to_summary(failed_run())),
            R"({"workflow":"demo","state":"FAILURE","tasks":{"train":{"state":"FAILURE","varPool":[)"
            R"({"prop":"in","direct":"IN","type":"VARCHAR","value":"x"},)"
            R"({"prop":"auc","direct":"OUT","type":"VARCHAR","value":"0.93"}]}}})");
}

}  // namespace
}  // namespace porpoise
