#include "plugin/note.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"

namespace porpoise {
namespace {

const Json kSchema = Json::parse(R"({
  "type": "object", "required": ["url", "method"],
  "properties": {
    "url": {"type": "string", "description": "Where"},
    "method": {"type": "string", "enum": ["GET", "POST"]},
    "timeout": {"type": "integer", "default": 60},
    "on": {"type": "boolean"},
    "next": {"type": ["integer", "array"]},
    "a/b": {"type": "number"},
    "params": {"type": "array", "items": {"type": "object", "required": ["prop"], "properties": {"prop": {"type": "string"}}}}
  }})");

// "pointer message" of every problem.
std::vector<std::string> problems(const std::string& params) {
  std::vector<std::string> texts;
  for (const auto& [pointer, message] : check_params(kSchema, Json::parse(params)))
    texts.push_back(pointer + " " + message);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Schema, AcceptsWhatFits) {
  EXPECT_EQ(problems(R"({"url":"u","method":"GET","timeout":5,"next":[1],"params":[{"prop":"x"}],"unknown":{}})"),
            Texts{});
}

TEST(Schema, NamesMissingMembersByPointer) {
  EXPECT_EQ(problems(R"({"method":null,"params":[{"prop":"x"},{}]})"),
            (Texts{"/url is missing", "/method is missing", "/params/1/prop is missing"}));
}

TEST(Schema, NamesWrongTypesAndTheRightOnes) {
  EXPECT_EQ(problems(R"({"url":[],"method":"GET","timeout":"soon","next":true,"params":{}})"),
            (Texts{"/next is a boolean and must be an integer or array", "/params is an object and must be an array",
                   "/timeout is a string and must be an integer", "/url is an array and must be a string"}));
  EXPECT_EQ(problems("[]"), Texts{" is an array and must be an object"});
}

TEST(Schema, NamesTheChoicesOfAnEnum) {
  EXPECT_EQ(problems(R"({"url":"u","method":"get"})"), Texts{"/method is \"get\" and must be one of GET, POST"});
}

TEST(Schema, IsAsLenientAsJackson) {
  EXPECT_EQ(problems(R"({"url":7,"method":"GET","timeout":"60","on":"true","next":null,"a/b":"1.5"})"), Texts{});
  EXPECT_EQ(problems(R"({"url":true,"method":"GET","timeout":5.0,"on":1,"a/b":""})"), Texts{});
  EXPECT_EQ(problems(R"({"url":"u","method":"","timeout":"","on":"FALSE"})"), Texts{});
  EXPECT_EQ(problems(R"({"url":"u","method":"GET","params":[[]]})"), Texts{})
      << "an empty list is no object to Jackson";
  EXPECT_EQ(problems(R"({"url":"u","method":"GET","timeout":5.5,"on":"yes"})"),
            (Texts{"/on is a string and must be a boolean", "/timeout is a number and must be an integer"}));
}

// --- The schemas of our own plugins ---

const std::filesystem::path kTests = PORPOISE_TESTS;

Json schema_of(const std::string& plugin) {
  const auto text = read_file(kTests.parent_path() / "plugins" / plugin / "params.schema.json", 1U << 20U);
  EXPECT_TRUE(text) << text.error().to_string();
  return Json::parse(text.value_or("null"));
}

std::string first_problem(const std::string& plugin, const std::string& params) {
  const auto found = check_params(schema_of(plugin), Json::parse(params));
  return found.empty() ? "" : found[0].pointer + " " + found[0].message;
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8U | static_cast<unsigned char>(bytes.at(i));
  return number;
}

// A worker takes what real masters send.
TEST(OwnSchemas, FitWhatMastersSent) {
  const std::map<std::string, std::string> folders = {
      {"SHELL", "shell"}, {"PYTHON", "python"}, {"HTTP", "http"}, {"OPENMLDB", "openmldb"}};
  std::set<std::string> seen;
  for (const auto& entry : std::filesystem::directory_iterator(kTests / "golden" / "frames")) {
    if (entry.path().native().find("TASK_DISPATCH_REQUEST") == std::string::npos) continue;
    const std::string bytes = read_file(entry.path(), 1U << 20U).value_or("");
    const std::size_t body = 15 + number_at(bytes, 11) + 4;  // magic, version, type, opaque, context, length
    const Json frame = Json::parse(bytes.substr(body), nullptr, false);
    if (!frame.is_object() || !frame.contains("taskExecutionContext")) continue;
    const Json& context = frame["taskExecutionContext"];
    const std::string type = context.at("taskType");
    EXPECT_EQ(first_problem(folders.at(type), context.at("taskParams")), "") << entry.path();
    seen.insert(type);
  }
  EXPECT_EQ(seen.size(), folders.size());
}

// What the plugins themselves read, as Jackson does: it would be refused for the schema's sake.
TEST(OwnSchemas, RefuseNothingThatThePluginsRead) {
  const std::string loose =
      R"("localParams":[{"prop":null,"direct":1,"type":"","value":5,"more":{}}],"resourceList":[{"id":7}])";
  EXPECT_EQ(first_problem("shell", R"({"rawScript":"x",)" + loose + "}"), "");
  EXPECT_EQ(first_problem("shell", R"({"rawScript":"x","localParams":"[]","resourceList":null})"), "");
  EXPECT_EQ(first_problem("python", R"({"rawScript":"x","localParams":"",)" + loose + "}"), "");
  EXPECT_EQ(first_problem("http", R"({"url":"u","httpMethod":"GET","httpCheckCondition":"","condition":200,
      "connectTimeout":"60000","socketTimeout":"","httpParams":null,"verify":null,)" +
                                      loose + "}"),
            "");
  EXPECT_EQ(first_problem("openmldb", R"({"zk":"z","zkPath":"/o","executeMode":"OFFLINE","sql":"s","driver":"REST",
      "onDeploymentExists":"KEEP","sqlEscapes":"Python",)" +
                                          loose + "}"),
            "");
  EXPECT_EQ(first_problem("switch", R"({"switchResult":"{\"dependTaskList\":[],\"nextNode\":5}"})"), "");
  EXPECT_EQ(first_problem("switch", R"({"switchResult":{"dependTaskList":[{"condition":"","nextNode":"5"}]}})"), "");
  EXPECT_EQ(first_problem("shell", R"({"rawScript":[]})"), "/rawScript is an array and must be a string");
}

// The plugin has them replaced in prepare.
TEST(Schema, APlaceholderMayBecomeWhatIsWanted) {
  EXPECT_EQ(problems(R"({"url":"${u}","method":"${m}","timeout":"${t}","on":"${o}","a/b":"$[yyyy]"})"), Texts{});
  EXPECT_EQ(problems(R"({"url":"u","method":"GET","next":"${n}","params":"${p}"})"),
            Texts{"/params is a string and must be an array"});
}

TEST(Schema, TakesAPlaceInAnEnumForItsName) {
  EXPECT_EQ(problems(R"({"url":"u","method":1})"), Texts{});
  EXPECT_EQ(problems(R"({"url":"u","method":"0"})"), Texts{});
  for (const std::string none : {"2", "-1", "1.0", "true", "18446744073709551615"})
    EXPECT_EQ(problems(R"({"url":"u","method":)" + none + "}").size(), 1U) << none;
}

TEST(Schema, NamesUnknownMembersWhereItKnowsAll) {
  const Json schema = Json::parse(R"({"properties":{"url":{"type":"string"}},"additionalProperties":false})");
  const auto found = check_params(schema, Json::parse(R"({"ur":"u","url":"v"})"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].pointer + " " + found[0].message, "/ur is not known (did you mean 'url'?)");
}

TEST(Schema, TakesNoNumberThatDoesNotFitAndNoNullForAnything) {
  const Json schema = Json::parse(R"({"properties":{"i":{"type":"integer"},"n":{"type":"number"},
                                                    "s":{"type":["string","null"]}}})");
  for (const char* const bad : {R"({"i":"99999999999999999999"})", R"({"n":"nan"})", R"({"n":"1e999"})", R"({"s":{}})"})
    EXPECT_EQ(check_params(schema, Json::parse(bad)).size(), 1U) << bad;
}

TEST(Schema, OfAPluginIsCheckedItself) {
  std::vector<std::string> texts;
  for (const auto& [pointer, message] : check_schema(Json::parse(R"({"type":"object","requird":["a"],"properties":{
         "a":{"type":"strin"},"b":{"items":{"enum":"x","minimum":1}},"c":[]},"additionalProperties":{}})")))
    texts.push_back(pointer + " " + message);
  EXPECT_EQ(texts, (Texts{" has the keyword 'requird', which porpoise does not know (did you mean 'required'?)",
                          "/additionalProperties is neither true nor false",
                          "/properties/a/type is 'strin', which is no type (did you mean 'string'?)",
                          "/properties/b/items has the keyword 'minimum', which porpoise does not know",
                          "/properties/b/items/enum is not a list", "/properties/c is not a JSON object"}));
  EXPECT_TRUE(check_schema(kSchema).empty());
}

TEST(Schema, EscapesPointers) {
  EXPECT_EQ(problems(R"({"url":"u","method":"GET","a/b":"x"})"), Texts{"/a~1b is a string and must be a number"});
}

TEST(Schema, StopsAfterTwentyProblems) {
  Json params = {{"url", "u"}, {"method", "GET"}, {"params", Json::array()}};
  for (int i = 0; i < 100; ++i) params["params"].push_back(i);
  EXPECT_EQ(check_params(kSchema, params).size(), 20U);
}

TEST(Schema, ANonsenseSchemaChecksNothing) {
  EXPECT_TRUE(
      check_params(Json::parse(R"({"required":7,"properties":[1],"items":3,"enum":{}})"), Json::object()).empty());
  EXPECT_TRUE(check_params(Json(), Json::object()).empty());
  EXPECT_TRUE(list_parameters(Json::parse(R"({"required":7,"properties":[{}]})")).empty());
}

TEST(Schema, ListsParametersForPeopleRequiredOnesFirst) {
  const auto rows = list_parameters(kSchema);
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0].name, "method");
  EXPECT_EQ(rows[0].type, "GET | POST");
  EXPECT_TRUE(rows[0].required);
  EXPECT_EQ(rows[1].name, "url");
  EXPECT_EQ(rows[1].description, "Where");
  EXPECT_EQ(rows[5].name, "params");
  EXPECT_EQ(rows[5].type, "list of object");
  EXPECT_EQ(rows[6].name, "params[].prop");
  EXPECT_EQ(rows[7].name, "timeout");
  EXPECT_EQ(rows[7].fallback, "60");
}

}  // namespace
}  // namespace porpoise
