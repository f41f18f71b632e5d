#include "workflow/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/file.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

std::string read(const std::string& name) {
  const auto text = read_file(std::filesystem::path(PORPOISE_TESTS) / "golden" / name, 1U << 20U);
  EXPECT_TRUE(text) << text.error().to_string();
  return text.value_or("");
}

std::string problem_of(const std::string& text) {
  const auto workflows = import_workflows(text);
  if (workflows) return "accepted";
  EXPECT_EQ(workflows.error().code(), ErrorCode::kInvalid);
  return workflows.error().message();
}

std::string problem_of_file(const std::string& name) { return problem_of(read("malformed/" + name + ".json")); }

std::vector<std::string> refusals(const std::vector<Workflow>& workflows) {
  std::vector<std::string> sentences;
  for (const UnsupportedTask& refusal : unsupported(workflows)) sentences.push_back(refusal.sentence);
  return sentences;
}

// Everything an export has, in the fewest words.
Json small_export() {
  return Json::parse(R"([{"processDefinition":{"name":"w","code":5,"projectCode":2,"version":3,"timeout":7,
      "globalParams":"[{\"prop\":\"g\",\"direct\":\"IN\",\"type\":\"VARCHAR\",\"value\":\"1\"}]"},
    "taskDefinitionList":[
      {"code":11,"name":"a","taskType":"shell","taskParams":"{\"rawScript\":\"echo\",\"localParams\":[{\"prop\":\"p\",\"direct\":\"OUT\",\"value\":\"x\"}],\"resourceList\":[{\"id\":1,\"resourceName\":\"/r.sh\",\"res\":\"r.sh\"}]}",
       "flag":"NO","taskPriority":"HIGHEST","failRetryTimes":2,"failRetryInterval":3,"timeoutFlag":"OPEN",
       "timeoutNotifyStrategy":"WARNFAILED","timeout":4,"delayTime":5,"workerGroup":"gpu","environmentCode":8,
       "memoryMax":100,"cpuQuota":50,"taskExecuteType":"STREAM","somethingNew":{}},
      {"code":12,"name":"b","taskType":"PYTHON","taskParams":{"rawScript":"1"}}],
    "processTaskRelationList":[{"preTaskCode":0,"postTaskCode":11},{"preTaskCode":11,"postTaskCode":12},
      {"preTaskCode":11,"postTaskCode":12}],
    "schedule":{"failureStrategy":"END"}}])");
}

TEST(Import, ReadsEveryFieldOfAnExport) {
  const auto workflows = import_workflows(small_export().dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  ASSERT_THAT(*workflows, SizeIs(1));
  const Workflow& workflow = workflows->front();
  EXPECT_EQ(workflow.name, "w");
  EXPECT_EQ(workflow.code, 5);
  EXPECT_EQ(workflow.project_code, 2);
  EXPECT_EQ(workflow.version, 3);
  EXPECT_EQ(workflow.timeout, std::chrono::minutes(7));
  EXPECT_EQ(workflow.schedule_failure_strategy, FailureStrategy::kEnd);
  EXPECT_THAT(workflow.global_params, ElementsAre(Property{"g", Direct::kIn, "VARCHAR", "1"}));
  EXPECT_THAT(workflow.edges, ElementsAre(Edge{11, 12}));
}

TEST(Import, ReadsEveryFieldOfATask) {
  const auto workflows = import_workflows(small_export().dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  const TaskDefinition& task = workflows->front().tasks[0];
  EXPECT_EQ(task.type, "SHELL");
  EXPECT_EQ(task.params["rawScript"], "echo");
  EXPECT_EQ(Json::parse(task.params_text), task.params);
  EXPECT_THAT(task.local_params, ElementsAre(Property{"p", Direct::kOut, "VARCHAR", "x"}));
  EXPECT_THAT(task.resources, ElementsAre("/r.sh"));
  EXPECT_FALSE(task.enabled);
  EXPECT_EQ(task.priority, 0);
  EXPECT_EQ(task.retry_times, 2);
  EXPECT_EQ(task.retry_interval, std::chrono::minutes(3));
  EXPECT_TRUE(task.timeout_open);
  EXPECT_EQ(task.timeout, std::chrono::minutes(4));
  EXPECT_EQ(task.timeout_strategy, TimeoutStrategy::kWarnFailed);
  EXPECT_EQ(task.delay, std::chrono::minutes(5));
  EXPECT_EQ(task.worker_group, "gpu");
  EXPECT_EQ(task.environment_code, 8);
  EXPECT_EQ(task.memory_max, 100);
  EXPECT_EQ(task.cpu_quota, 50);
  EXPECT_TRUE(task.stream);
}

TEST(Import, ReadsOneElementAloneAndGlobalsFromTheirList) {
  Json element = small_export()[0];
  element["processDefinition"].erase("globalParams");
  element["processDefinition"]["globalParamList"] = Json::parse(R"([{"prop":"l","value":2}])");
  element["schedule"] = nullptr;
  const auto workflows = import_workflows(element.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_THAT(workflows->front().global_params, ElementsAre(Property{"l", Direct::kIn, "VARCHAR", "2"}));
  EXPECT_FALSE(workflows->front().schedule_failure_strategy);
}

TEST(Import, MakesAWorkflowOfOneTaskDefinition) {
  const auto workflows = import_workflows(small_export()[0]["taskDefinitionList"][1].dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_EQ(workflows->front().name, "b");
  ASSERT_THAT(workflows->front().tasks, SizeIs(1));
  EXPECT_EQ(workflows->front().tasks[0].type, "PYTHON");
}

TEST(Import, LeavesTaskTypesToTheCatalogAndListsThem) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["taskType"] = "TELEPORT";
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  const std::vector<UsedType> used = used_types(*workflows);
  ASSERT_THAT(used, SizeIs(2));
  EXPECT_EQ(used[1].type, "TELEPORT");
  EXPECT_EQ(used[1].task, "b");
}

TEST(Import, ReadsTheInstanceFormOfASwitch) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["taskType"] = "SWITCH";
  json[0]["taskDefinitionList"][1]["taskParams"] = {{"switchResult", R"({"nextNode":"11"})"}};
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_EQ(workflows->front().tasks[1].params["switchResult"]["nextNode"], "11");
}

struct Malformed {
  std::string file;
  std::string position;  // "line:column pointer", as the message begins
  std::vector<std::string> words;

  friend void PrintTo(const Malformed& self, std::ostream* out) { *out << self.file << ".json"; }
};

class ImportMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(ImportMalformed, IsRefusedWithItsPlaceAndAWayOut) {
  const std::string problem = problem_of_file(GetParam().file);
  EXPECT_THAT(problem, testing::StartsWith(GetParam().position));
  for (const std::string& word : GetParam().words) EXPECT_THAT(problem, HasSubstr(word));
}

INSTANTIATE_TEST_SUITE_P(
    Files, ImportMalformed,
    testing::Values(
        Malformed{"truncated", "22:17 ", {"cut off", "export it again"}},
        Malformed{"empty", "1:1 ", {"cut off or empty"}}, Malformed{"deep", "1:65 ", {"deeper than 64"}},
        Malformed{"deep_objects", "2:316 ", {"deeper than 64"}},
        Malformed{"not_json", "1:2 ", {"invalid literal", "what DolphinScheduler exports"}},
        Malformed{"root_text", "1:1 /: ", {"must be an exported workflow", "not string"}},
        Malformed{"list_of_numbers", "2:2 /0: ", {"not number", "3:2 /1: "}},
        Malformed{"empty_list", "1:1 /: ", {"the list is empty"}},
        Malformed{"no_definition", "2:2 /0: ", {"has no \"processDefinition\""}},
        Malformed{"empty_tasks", "17:25 /0/taskDefinitionList: ", {"workflow 'broken': is empty"}},
        Malformed{"empty_relations", "11:30 /0/processTaskRelationList: ", {"is empty"}},
        Malformed{"cycle", "11:30 /0/processTaskRelationList: ", {"b → c → b", "remove one"}},
        Malformed{"self_edge", "16:4 /0/processTaskRelationList/1: ", {"'a' follows itself"}},
        Malformed{"duplicate_names", "", {"/0/taskDefinitionList/1: ", "a second task is named 'a'; rename"}},
        Malformed{"duplicate_codes", "", {"/0/taskDefinitionList/1: ", "'b' has the code 11 of task 'a'"}},
        Malformed{"unknown_relation", "18:21 /0/processTaskRelationList/1/postTaskCode: ", {"code 99", "correct"}},
        Malformed{"missing_fields", "", {"has no \"name\"", "has no \"taskType\"", "has no \"taskParams\""}},
        Malformed{"wrong_types",
                  "",
                  {"/0/taskDefinitionList/0/name: ", "/0/taskDefinitionList/1/code: ", "task 'b'",
                   "/0/taskDefinitionList/2/taskParams: ", "/0/taskDefinitionList/3: ", "not number",
                   "/0/processTaskRelationList: ", "must be a list, not object"}},
        Malformed{"wrong_values", "", {"/0/taskDefinitionList/0/timeout: ", "not 1e+300", "not \"soon\""}},
        Malformed{"bad_task_params", "", {"/0/taskDefinitionList/0/taskParams: ", "task 'a'", "not JSON: line 1"}},
        Malformed{"bad_local_params", "", {"/0/taskDefinitionList/0/taskParams/localParams: ", "not a JSON array"}},
        Malformed{"bad_globals", "", {"/0/processDefinition/globalParams: ", "not JSON"}},
        Malformed{
            "bad_switch", "", {"/switchResult/nextNode: ", "/dependTaskList/0/nextNode: ", "/dependTaskList/1: "}},
        Malformed{"bad_conditions",
                  "",
                  {"has no \"conditionResult\"", "/dependence/relation: ", "one of AND, OR, not \"XOR\""}}),
    [](const auto& parameter) { return parameter.param.file; });

TEST(ImportMalformedFiles, AreAllRefused) {
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(PORPOISE_TESTS) / "golden/malformed"))
    EXPECT_NE(problem_of_file(entry.path().stem()), "accepted") << entry;
}

TEST(Import, TellsTenProblemsAndCountsTheRest) {
  const std::string problem = problem_of_file("many_problems");
  EXPECT_EQ(std::count(problem.begin(), problem.end(), '\n'), 10);
  EXPECT_THAT(problem, HasSubstr("\nand 10 more problems"));
}

TEST(Import, CapsTheListsOfAFile) {
  Json json = small_export();
  json[0]["taskDefinitionList"] = Json(std::vector<int>(20'000));
  EXPECT_THAT(problem_of(json.dump()), HasSubstr("has 20000 elements; the limit is 10000"));
}

TEST(Import, TooManyTasksAreNamedAloneWithoutTheRelationsThatLeadNowhereThen) {
  Json json = small_export();
  json[0]["taskDefinitionList"] = Json(std::vector<int>(20'000));
  const std::string problem = problem_of(json.dump());
  EXPECT_THAT(problem, HasSubstr("the limit is 10000"));
  EXPECT_THAT(problem, Not(HasSubstr("no task has the code")));
  EXPECT_EQ(std::count(problem.begin(), problem.end(), '\n'), 0) << problem;
}

TEST(Import, AnotherEncodingThanUtf8IsCalledByItsName) {
  using namespace std::string_literals;
  const auto widened = [](const std::string& before, const std::string& after) {
    std::string wide;
    for (const char c : small_export().dump()) wide += before + c + after;
    return wide;
  };
  const std::string zeros(3, '\0');
  for (const std::string& text :
       {"\xFF\xFE"s + widened("", "\0"s), "\xFE\xFF"s + widened("\0"s, ""), widened("", "\0"s), widened("\0"s, "")})
    EXPECT_EQ(problem_of(text), "1:1 the file is in UTF-16; save it as UTF-8, as DolphinScheduler does");
  for (const std::string& text : {"\xFF\xFE\0\0"s + widened("", zeros), widened("", zeros), widened(zeros, "")})
    EXPECT_EQ(problem_of(text), "1:1 the file is in UTF-32; save it as UTF-8, as DolphinScheduler does");
  EXPECT_THAT(problem_of(""), HasSubstr("cut off or empty"));
  EXPECT_THAT(problem_of("\0"s), HasSubstr("1:"));
}

TEST(Import, ALongChainOfTasksIsNoProblem) {
  Json json = small_export();
  Json& element = json[0];
  for (int i = 100; i < 5000; ++i) {
    Json task = element["taskDefinitionList"][1];
    task["code"] = i;
    task["name"] = "t" + std::to_string(i);
    element["taskDefinitionList"].push_back(task);
    element["processTaskRelationList"].push_back({{"preTaskCode", i == 100 ? 12 : i - 1}, {"postTaskCode", i}});
  }
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_THAT(workflows->front().from(11), SizeIs(4902));
}

TEST(Import, TellsTheBeginningAndTheEndOfALongCycle) {
  Json json = small_export();
  Json& element = json[0];
  for (int i = 100; i < 200; ++i) {
    Json task = element["taskDefinitionList"][1];
    task["code"] = i;
    task["name"] = "t" + std::to_string(i);
    element["taskDefinitionList"].push_back(task);
    element["processTaskRelationList"].push_back({{"preTaskCode", i}, {"postTaskCode", i == 199 ? 100 : i + 1}});
  }
  const std::string problem = problem_of(json.dump());
  EXPECT_THAT(problem, HasSubstr(": t100 → t101 → "));
  EXPECT_THAT(problem, HasSubstr(" → … → t100; remove"));
  EXPECT_THAT(problem, testing::Not(HasSubstr("t150")));
}

TEST(Import, EveryPrefixOfAnExportIsRefusedWithAPlace) {
  const std::string text = small_export().dump(1);
  for (std::size_t size = 0; size < text.size(); size += 7)
    EXPECT_THAT(problem_of(text.substr(0, size)), MatchesRegex("[0-9]+:[0-9]+ .*"));
}

// What the server's classes make of a member (Jackson, run with the mapper of 3.1 `JSONUtils`), and what it means here.
struct Loose {
  std::string member;
  Json value;
  std::function<bool(const TaskDefinition&)> read;
  std::string remark;  // a word of it; empty: none

  friend void PrintTo(const Loose& self, std::ostream* out) { *out << self.member << ": " << self.value; }
};

class ImportLoose : public testing::TestWithParam<Loose> {};

TEST_P(ImportLoose, IsReadAsTheServerReadsIt) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1][GetParam().member] = GetParam().value;
  std::vector<std::string> remarks;
  const auto workflows = import_workflows(json.dump(), &remarks);
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_TRUE(GetParam().read(workflows->front().tasks[1]));
  if (GetParam().remark.empty())
    EXPECT_THAT(remarks, testing::IsEmpty());
  else
    EXPECT_THAT(remarks, ElementsAre(testing::AllOf(HasSubstr("/0/taskDefinitionList/1/" + GetParam().member),
                                                    HasSubstr("task 'b'"), HasSubstr(GetParam().remark))));
}

INSTANTIATE_TEST_SUITE_P(
    Members, ImportLoose,
    testing::Values(
        Loose{"flag", 0, [](const auto& task) { return !task.enabled; }, "which the server reads as NO"},
        Loose{"flag", "1", [](const auto& task) { return task.enabled; }, "which the server reads as YES"},
        Loose{"flag", nullptr, [](const auto& task) { return task.enabled; }, ""},
        Loose{"taskPriority", 2, [](const auto& task) { return task.priority == 2; }, "reads as MEDIUM"},
        Loose{"taskPriority", 0, [](const auto& task) { return task.priority == 0; }, "reads as HIGHEST"},
        Loose{"taskPriority", "URGENT", [](const auto& task) { return task.priority == 2; }, "reads as null"},
        Loose{"taskPriority", 9, [](const auto& task) { return task.priority == 2; }, "reads as null"},
        Loose{"timeoutFlag", 0, [](const auto& task) { return !task.timeout_open; }, "reads as CLOSE"},
        Loose{"timeoutNotifyStrategy", "",
              [](const auto& task) { return task.timeout_strategy == TimeoutStrategy::kWarn; }, "reads as null"},
        Loose{"failRetryTimes", 0.0, [](const auto& task) { return task.retry_times == 0; }, "read as 0"},
        Loose{"failRetryTimes", 2.9, [](const auto& task) { return task.retry_times == 2; }, "read as 2"},
        Loose{"failRetryTimes", " 3 ", [](const auto& task) { return task.retry_times == 3; }, ""},
        Loose{"failRetryTimes", -1, [](const auto& task) { return task.retry_times == 0; }, "read as 0"},
        Loose{"failRetryInterval", nullptr, [](const auto& task) { return task.retry_interval.count() == 0; }, ""},
        Loose{"delayTime", "", [](const auto& task) { return task.delay.count() == 0; }, "read as 0"},
        Loose{"timeout", " ", [](const auto& task) { return task.timeout.count() == 0; }, "read as 0"},
        Loose{"workerGroup", 7, [](const auto& task) { return task.worker_group == "7"; }, "reads as a text"}),
    [](const auto& parameter) { return parameter.param.member + std::to_string(parameter.index); });

TEST(Import, MakesOneRemarkOfEachKind) {
  Json json = small_export();
  for (Json& task : json[0]["taskDefinitionList"]) task["delayTime"] = "";
  json[0]["taskDefinitionList"][0]["flag"] = 0;
  std::vector<std::string> remarks;
  ASSERT_TRUE(import_workflows(json.dump(), &remarks));
  EXPECT_THAT(remarks, testing::UnorderedElementsAre(HasSubstr("reads as NO"), HasSubstr("; and 1 more like it")));
}

TEST(Import, ReadsLocalParamsFromAText) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["taskParams"]["localParams"] = R"([{"prop":"a","direct":1,"value":2}])";
  std::vector<std::string> remarks;
  const auto workflows = import_workflows(json.dump(), &remarks);
  ASSERT_TRUE(workflows) << workflows.error().message();
  const TaskDefinition& task = workflows->front().tasks[1];
  EXPECT_THAT(task.local_params, ElementsAre(Property{"a", Direct::kOut, "VARCHAR", "2"}));
  EXPECT_TRUE(task.params["localParams"].is_array()) << "the plugin reads a list";
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("is a text, which is read as the list in it"),
                                   HasSubstr("is 1, which the server reads as OUT")));
  json[0]["taskDefinitionList"][1]["taskParams"]["localParams"] = "";
  EXPECT_TRUE(import_workflows(json.dump()));
}

TEST(Import, GivesPluginsTheNamesAndTextsForWhichNumbersStood) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["taskParams"]["localParams"] = {
      {{"prop", "a"}, {"direct", 1}, {"type", "INTEGER"}, {"value", 2}, {"more", 3}},
      {{"prop", 4}, {"direct", "0"}, {"value", nullptr}},
      {{"prop", "c"}, {"direct", "SIDEWAYS"}}};
  std::vector<std::string> remarks;
  const auto workflows = import_workflows(json.dump(), &remarks);
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_EQ(workflows->front().tasks[1].params["localParams"], Json::parse(R"([
      {"prop":"a","direct":"OUT","type":"INTEGER","value":"2","more":3},
      {"prop":"4","direct":"IN","value":null},
      {"prop":"c","direct":"IN"}])"));
  EXPECT_THAT(remarks, testing::UnorderedElementsAre(HasSubstr("reads as OUT; and 1 more like it"),
                                                     HasSubstr("\"SIDEWAYS\", which the server reads as null")));
}

// A Java long ends at 2^63 - 1; what is beyond became a negative code without a word.
TEST(Import, RefusesCodesBeyondALongByName) {
  for (const char* const code : {"9223372036854775808", "18446744073709551615", "1e19", "\"9223372036854775808\""}) {
    Json json = small_export();
    json[0]["taskDefinitionList"][1]["code"] = Json::parse(code);
    EXPECT_THAT(problem_of(json.dump()), HasSubstr("must be a code (a whole number of at most 63 bits), not ")) << code;
    json = small_export();
    json[0]["taskDefinitionList"][1]["failRetryTimes"] = Json::parse(code);
    EXPECT_THAT(problem_of(json.dump()), HasSubstr("must be a whole number of at most 63 bits, not ")) << code;
    json = small_export();
    json[0]["taskDefinitionList"][1]["taskParams"]["resourceList"] = {{{"id", Json::parse(code)}}};
    EXPECT_THAT(problem_of(json.dump()), HasSubstr("must be a code")) << code;
    json = small_export();
    json[0]["taskDefinitionList"][1]["taskType"] = "SWITCH";
    json[0]["taskDefinitionList"][1]["taskParams"] = {{"switchResult", {{"nextNode", Json::parse(code)}}}};
    EXPECT_THAT(problem_of(json.dump()), HasSubstr("must be a task code, not ")) << code;
  }
}

TEST(Import, SaysThatTheFractionOfACodeIsCutOff) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["code"] = 12.5;
  std::vector<std::string> remarks;
  ASSERT_TRUE(import_workflows(json.dump(), &remarks));
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("is 12.5, which is read as 12")));
}

TEST(Import, AnEmptyTextIsNoCondition) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["taskParams"] = "";
  EXPECT_TRUE(import_workflows(json.dump())) << "the plugin says what is missing";
  json[0]["taskDefinitionList"][1]["taskType"] = "CONDITIONS";
  EXPECT_THAT(problem_of(json.dump()),
              testing::AllOf(HasSubstr("task 'b': has no \"conditionResult\""), HasSubstr("has no \"dependence\"")));
  json[0]["taskDefinitionList"][1]["taskType"] = "SWITCH";
  EXPECT_THAT(problem_of(json.dump()), HasSubstr("task 'b': has no \"switchResult\""));
}

TEST(Import, ARelationWithoutABeginningStartsThere) {
  Json json = small_export();
  json[0]["processTaskRelationList"][0]["preTaskCode"] = "";
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_THAT(workflows->front().edges, ElementsAre(Edge{11, 12}));
}

TEST(Import, ReadsTheNamesOf33) {
  Json json = Json::parse(R"([{"workflowDefinition":{"name":"outer","code":1},
    "taskDefinitionList":[{"code":11,"name":"sub","taskType":"SUB_WORKFLOW",
      "taskParams":{"workflowDefinitionCode":5}}],
    "workflowTaskRelationList":[{"preTaskCode":0,"postTaskCode":11,"workflowDefinitionCode":1}],"schedule":null}])");
  json.push_back(small_export()[0]);
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_EQ((*workflows)[0].name, "outer");
  EXPECT_EQ((*workflows)[0].tasks[0].type, kSubProcess);
  EXPECT_EQ(sub_workflow(*workflows, (*workflows)[0].tasks[0]), &(*workflows)[1]);
  EXPECT_THAT(refusals(*workflows), testing::IsEmpty());
}

TEST(Import, NamesAFileThatIsNoExportAndTheWayOut) {
  const auto problem = [](const char* text) { return problem_of(text); };
  EXPECT_THAT(problem(R"([{"projectName":"p","processDefinitionJson":"{}","processDefinitionConnects":"[]"}])"),
              testing::AllOf(HasSubstr("1:2 /0: is an export of DolphinScheduler 1.3"), HasSubstr("export it again")));
  EXPECT_THAT(problem_of(Json{{"code", 0}, {"msg", "success"}, {"data", small_export()[0]}}.dump()),
              testing::AllOf(HasSubstr("an answer of DolphinScheduler's API"), HasSubstr("jq .data")));
  EXPECT_THAT(problem(R"({"code":0,"msg":"success","data":{"totalList":[],"total":0}})"),
              HasSubstr("holds no workflow"));
  EXPECT_THAT(problem(R"({"code":10013,"msg":"parameter codes is missing","data":null})"),
              testing::AllOf(HasSubstr("an error answer"), HasSubstr("10013: parameter codes is missing")));
  EXPECT_THAT(problem(R"([{"processDefinition":{"id":3,"name":"w"},"taskDefinitionList":[]}])"),
              HasSubstr("ids and no codes"));
  EXPECT_THAT(problem(R"({"code":5,"name":"w","releaseState":"ONLINE","globalParams":"[]"})"),
              HasSubstr("without its tasks"));
}

TEST(Unsupported, SaysThatASubProcessIsNamedByAnId) {
  Json json = small_export();
  json[0]["taskDefinitionList"][1]["taskType"] = "SUB_PROCESS";
  json[0]["taskDefinitionList"][1]["taskParams"] = {{"processDefinitionId", 3}};
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_THAT(refusals(*workflows), ElementsAre(HasSubstr("names its sub workflow by an id")));
}

TEST(Unsupported, RefusesWhatOnlyAServerCanRun) {
  Json json = small_export();
  json[0]["taskDefinitionList"][0]["flag"] = "YES";
  json[0]["taskDefinitionList"][1]["taskType"] = "DEPENDENT";
  const auto workflows = import_workflows(json.dump());
  ASSERT_TRUE(workflows) << workflows.error().message();
  EXPECT_THAT(refusals(*workflows),
              ElementsAre(HasSubstr("task 'a' of workflow 'w' is a STREAM"),
                          testing::AllOf(HasSubstr("task 'b'"), HasSubstr("--skip 'b'"), HasSubstr("--assume 'b'"))));
}

TEST(Unsupported, LetsForbiddenTasksPass) {
  const auto workflows = import_workflows(small_export().dump());
  ASSERT_TRUE(workflows);
  EXPECT_THAT(refusals(*workflows), testing::IsEmpty()) << "the STREAM task has flag NO";
}

Json with_sub_process(const std::string& name, std::int64_t code, std::int64_t runs) {
  Json element = small_export()[0];
  element["processDefinition"]["name"] = name;
  element["processDefinition"]["code"] = code;
  element["taskDefinitionList"][1]["taskType"] = "SUB_PROCESS";
  element["taskDefinitionList"][1]["taskParams"] = {{"processDefinitionCode", runs}};
  return element;
}

TEST(Unsupported, AllowsASubProcessOfTheSameFileOnly) {
  const auto together = import_workflows(Json({with_sub_process("outer", 1, 5), small_export()[0]}).dump());
  ASSERT_TRUE(together) << together.error().message();
  EXPECT_THAT(refusals(*together), testing::IsEmpty());
  EXPECT_EQ(sub_workflow(*together, (*together)[0].tasks[1]), &(*together)[1]);
  const auto alone = import_workflows(Json({with_sub_process("outer", 1, 5)}).dump());
  ASSERT_TRUE(alone);
  EXPECT_THAT(refusals(*alone), ElementsAre(HasSubstr("not in this file")));
}

TEST(Unsupported, NamesASubProcessWithoutACodeAndOneThatIsNone) {
  const auto refusal = [](const Json& params) {
    Json json = with_sub_process("outer", 1, 5);
    json["taskDefinitionList"][1]["taskParams"] = params;
    const auto workflows = import_workflows(Json({json, small_export()[0]}).dump());
    return workflows ? refusals(*workflows) : std::vector<std::string>{workflows.error().message()};
  };
  for (const Json& none : {Json(), Json(""), Json(0)})
    EXPECT_THAT(refusal({{"processDefinitionCode", none}}), ElementsAre(HasSubstr("processDefinitionCode is empty")));
  EXPECT_THAT(refusal(Json::object()), ElementsAre(HasSubstr("processDefinitionCode is empty")));
  EXPECT_THAT(refusal({{"processDefinitionCode", 9223372036854775808U}}),
              ElementsAre(HasSubstr("is 9223372036854775808, which is no code")));
  EXPECT_THAT(refusal({{"processDefinitionCode", "five"}}), ElementsAre(HasSubstr("which is no code")));
  EXPECT_THAT(refusal({{"processDefinitionCode", nullptr}, {"workflowDefinitionCode", 5}}), testing::IsEmpty());
}

TEST(Unsupported, RefusesSubProcessesThatLeadBack) {
  const auto loop = import_workflows(Json({with_sub_process("x", 1, 2), with_sub_process("y", 2, 1)}).dump());
  ASSERT_TRUE(loop) << loop.error().message();
  EXPECT_THAT(refusals(*loop), ElementsAre(HasSubstr("starts workflow 'y'"), HasSubstr("starts workflow 'x'")));
}

TEST(Workflow, FromReachesEverythingDownstream) {
  const auto workflows = import_workflows(small_export().dump());
  ASSERT_TRUE(workflows);
  EXPECT_THAT(workflows->front().from(11), ElementsAre(11, 12));
  EXPECT_THAT(workflows->front().from(12), ElementsAre(12));
}

}  // namespace
}  // namespace porpoise
