#include "plugin/note.h"

#include <gtest/gtest.h>

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
}

TEST(Schema, TakesAPlaceInAnEnumForItsName) {
  EXPECT_EQ(problems(R"({"url":"u","method":1})"), Texts{});
  EXPECT_EQ(problems(R"({"url":"u","method":"0"})"), Texts{});
  for (const std::string none : {"2", "-1", "1.0", "\"\"", "true", "18446744073709551615"})
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
