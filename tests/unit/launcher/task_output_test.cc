// What a task prints reaches its log, all of it; what it sets reaches its result.
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "unit/launcher/task_run.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Json out_params(std::initializer_list<const char*> names) {
  Json list = Json::array();
  for (const char* name : names)
    list.push_back({{"prop", name}, {"direct", "OUT"}, {"type", "VARCHAR"}, {"value", "default"}});
  return list;
}

TaskResult run_with_params(TaskRun& run, const std::string& script, const Json& params) {
  run.act("script", {{"script", script}, {"localParams", params}});
  return run.run();
}

// "a=1 b=2", in order.
std::string text_of(const PropertyList& properties) {
  std::string text;
  for (const Property& property : properties) text += (text.empty() ? "" : " ") + property.prop + "=" + property.value;
  return text;
}

TEST(SetValue, SetsDeclaredParametersAndStaysOutOfTheLog) {
  TaskRun run;
  run.request.var_pool = {Property{"incoming", Direct::kIn, "VARCHAR", "x"}};
  const TaskResult result = run_with_params(
      run,
      "echo '${setValue(a=1)}'; echo '#{setValue(b=x=y)}'; echo '${setValue(undeclared=1)}'; echo '${setValue(a=2)}'",
      out_params({"a", "b", "c"}));
  EXPECT_EQ(text_of(result.var_pool), "incoming=x a=2 b=x=y");
  EXPECT_THAT(run.log(), Not(HasSubstr("setValue")));
}

TEST(SetValue, LeavesDefaultsWhenNothingIsSet) {
  TaskRun run;
  EXPECT_EQ(text_of(run_with_params(run, "true", out_params({"a", "b"})).var_pool), "a=default b=default");
}

TEST(SetValue, OfALastLineWithoutNewlineAndOfALongValueCounts) {
  TaskRun run;
  const TaskResult result = run_with_params(run, "printf '${setValue(a=%100000d)}\\n' 7; printf '${setValue(b=last)}'",
                                            out_params({"a", "b"}));
  ASSERT_EQ(result.var_pool.size(), 2U);
  EXPECT_EQ(result.var_pool[0].value.size(), 100000U);
  EXPECT_EQ(result.var_pool[1].value, "last");
}

TEST(SetValue, ThatIsNotAtTheBeginningOfALineOrNeverClosedStaysText) {
  TaskRun run;
  const TaskResult result = run_with_params(run, "echo ' ${setValue(a=1)}'; echo '${setValue(a=2'", out_params({"a"}));
  EXPECT_EQ(text_of(result.var_pool), "a=default");
  EXPECT_THAT(run.printed(), ElementsAre(" ${setValue(a=1)}", "${setValue(a=2"));
}

TEST(SetValue, ThatIsTooLargeForAPacketIsReadFromDisk) {
  TaskRun run;
  const TaskResult result = run_with_params(
      run, "for name in a b c; do printf '${setValue(%s=%100000d)}\\n' $name 7; done", out_params({"a", "b", "c"}));
  EXPECT_EQ(result.state, TaskState::kSuccess);
  ASSERT_EQ(result.var_pool.size(), 3U);
  EXPECT_EQ(result.var_pool[2].value.size(), 100000U);
}

TEST(Output, OfThePluginCountsLikeThatOfAChild) {
  TaskRun run;
  run.act("output", {{"text", "one\n${setValue(a=1)}\ntwo"}, {"localParams", out_params({"a"})}});
  EXPECT_EQ(text_of(run.run().var_pool), "a=1");
  EXPECT_THAT(run.printed(), ElementsAre("one", "two"));
}

TEST(Output, EndsLinesAtCarriageReturnsToo) {
  TaskRun run;
  run.script("printf 'dos\\r\\nprogress 1\\rprogress 2\\r\\nlast'").run();
  EXPECT_THAT(run.printed(), ElementsAre("dos", "progress 1", "progress 2", "last"));
}

TEST(Output, OfBytesThatAreNoTextPassesThrough) {
  TaskRun run;
  run.script("printf 'a\\xff\\x00\\xfeb\\n'").run();
  EXPECT_THAT(run.log(), HasSubstr(std::string(" -  -> a\xff\0\xfe"
                                               "b\n",
                                               12)));
}

TEST(Output, LineWithoutEndIsCutWithANoteAndNothingIsLost) {
  TaskRun run;
  run.script("head -c 150000 /dev/zero | tr '\\0' x").run();
  std::istringstream log(run.log());
  std::size_t found = 0;
  for (std::string line; std::getline(log, line);)
    if (line.ends_with("xx")) found += line.size() - line.find("xx");
  EXPECT_EQ(found, 150000U);
  EXPECT_THAT(run.log(), HasSubstr("[this line continues: it is cut after 60000 bytes]"));
}

TEST(Output, HidesPasswords) {
  TaskRun run;
  run.script("echo '{\"password\":\"secret\", \"user\":\"me\"}'; echo \"Password='secret'\"").run();
  EXPECT_THAT(run.log(), HasSubstr("{\"password\":\"******\", \"user\":\"me\"}"));
  EXPECT_THAT(run.log(), Not(HasSubstr("secret")));
}

TEST(Output, OfAQuietLineIsInTheLogSoon) {
  TaskRun run;
  run.script("echo here; sleep 1000").start();
  ASSERT_TRUE(run.wait_for_log("here"));
  run.task->kill("");
  run.finish();
}

TEST(Output, LastLineIsToldToThoseWhoFollow) {
  TaskRun run;
  run.settings.follow = true;
  const std::string go = (run.folder() / "go").string();
  run.script("echo one; echo two; while [ ! -e " + go + " ]; do sleep 0.02; done; seq 1 100000").start();
  ASSERT_TRUE(run.wait_until([&] { return !run.lines.empty() && run.lines.back() == "two"; }));
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(write_file(go, "", 0600, Durability::kAtomic));
  run.finish();
  const auto intervals = (std::chrono::steady_clock::now() - begin) / std::chrono::milliseconds(200);
  EXPECT_LE(run.lines.size(), static_cast<std::size_t>(intervals) + 4);
}

TEST(Output, OfAPluginWaitsForTheLogInsteadOfGrowing) {
  TaskRun run;
  run.act("many lines", {{"lines", 20000}}).run();
  EXPECT_THAT(run.log(), HasSubstr("line 19999\n"));
}

// PORPOISE_TEST_OUTPUT_MIB=1024 is the real thing.
TEST(Output, OfAGigabyteLosesNoLineAndNeedsNoMemory) {
  const char* const asked = std::getenv("PORPOISE_TEST_OUTPUT_MIB");
  const std::size_t mebibytes = asked != nullptr ? std::stoul(asked) : 32;
  constexpr std::size_t kLineBytes = 64;
  const std::size_t lines = (mebibytes << 20U) / kLineBytes;
  TaskRun run;
  const std::string line(kLineBytes - 1, 'x');
  run.script("yes " + line + " | head -n " + std::to_string(lines) +
             "; grep VmHWM /proc/$(cut -d. -f2 <<< $PORPOISE_TASK_ID)/status");
  run.start();
  ASSERT_TRUE(run.wait_until([&] { return run.result.has_value(); }, std::chrono::seconds(100)));
  ASSERT_EQ(run.result->state, TaskState::kSuccess);

  std::ifstream log(run.request.log_path);
  std::size_t found = 0;
  std::size_t peak_kib = 0;
  for (std::string text; std::getline(log, text);) {
    if (text.ends_with(line)) ++found;
    if (const auto at = text.find("VmHWM:"); at != std::string::npos) peak_kib = std::stoul(text.substr(at + 6));
  }
  EXPECT_EQ(found, lines);
  ASSERT_GT(peak_kib, 0U);
#ifdef PORPOISE_SANITIZED
  GTEST_SKIP() << "all lines arrived; memory means nothing under sanitizers: " << peak_kib << " KiB";
#else
  EXPECT_LE(peak_kib, 8U << 10U);
  RecordProperty("peak_kib", static_cast<int>(peak_kib));
#endif
}

}  // namespace
}  // namespace porpoise
