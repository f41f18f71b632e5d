#include "openmldb/params.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "openmldb/config.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

Json good_params() {
  return {
      {"zk", "127.0.0.1:2181"}, {"zkPath", "/openmldb"}, {"executeMode", "Offline"}, {"sql", "USE a;\r\nSELECT 1\r"}};
}

std::string params_error(std::string_view key, const Json& value) {
  Json params = good_params();
  params[std::string(key)] = value;
  const auto parsed = parse_params(dump_json(params));
  return parsed ? "accepted" : parsed.error().to_string();
}

TEST(ParseParams, ReadsTheStockParameters) {
  const auto params = parse_params(dump_json(good_params()));
  ASSERT_TRUE(params) << params.error().to_string();
  EXPECT_EQ(params->zk + params->zk_path, "127.0.0.1:2181/openmldb");
  EXPECT_EQ(params->mode, Mode::kOffline);
  EXPECT_EQ(params->sql, "USE a;\nSELECT 1\r");
  EXPECT_FALSE(params->on_exists);
}

TEST(ParseParams, NamesWhatIsWrong) {
  EXPECT_EQ(params_error("executeMode", "nope"), "parameter 'executeMode' must be offline or online, not 'nope'");
  EXPECT_EQ(params_error("executeMode", nullptr), "parameter 'executeMode' is missing");
  EXPECT_EQ(params_error("zk", " "), "parameter 'zk' is empty");
  EXPECT_EQ(params_error("sql", 5), "parameter 'sql' is not a text");
  EXPECT_THAT(params_error("onDeploymentExists", "drop"), HasSubstr("replace, keep or fail, not 'drop'"));
  EXPECT_THAT(params_error("onDeploymentExists", 1), HasSubstr("not '1'"));
  EXPECT_FALSE(parse_params("[]"));
  EXPECT_FALSE(parse_params("{"));
}

TEST(ParseParams, ReadsTheExtension) {
  Json json = good_params();
  json["onDeploymentExists"] = "KEEP";
  EXPECT_EQ(parse_params(dump_json(json))->on_exists, OnExists::kKeep);
}

Config config_of(const Json& apiservers) {
  const auto config = parse_config(dump_json(Json{{"apiservers", apiservers}}));
  EXPECT_TRUE(config) << config.error().to_string();
  return config ? *config : Config{};
}

TEST(ParseConfig, HasDefaultsAndReadsNumbers) {
  EXPECT_EQ(parse_config("{}")->settle, milliseconds(2000));
  EXPECT_EQ(parse_config("")->default_db, "__INTERNAL_DB");
  EXPECT_EQ(parse_config(R"({"settleMillis":5,"defaultDb":"d"})")->settle, milliseconds(5));
}

TEST(ParseConfig, NamesWhatIsWrong) {
  EXPECT_THAT(parse_config(R"({"settleMillis":-1})").error().to_string(), HasSubstr("plugins.OPENMLDB.settleMillis"));
  EXPECT_THAT(parse_config(R"({"apiservers":["x"]})").error().to_string(), HasSubstr("plugins.OPENMLDB.apiservers"));
  EXPECT_THAT(parse_config(R"({"apiservers":{"a:1/b":"host:9080"}})").error().to_string(), HasSubstr("\"a:1/b\""));
  EXPECT_FALSE(parse_config("[1]"));
}

TEST(FindApiserver, MatchesHoweverTheClusterIsSpelled) {
  const Config config = config_of({{"Host-A:2181,host-b:2181/openmldb/", "http://api:9080/"}});
  for (const char* zk : {"host-a:2181,host-b:2181", " host-b , HOST-A:2181 ", "host-b:2181"})
    EXPECT_EQ(find_apiserver(config, zk, "openmldb").value_or("none"), "http://api:9080") << zk;
  EXPECT_FALSE(find_apiserver(config, "host-a:2182", "/openmldb"));
  EXPECT_FALSE(find_apiserver(config, "host-a:2181", "/other"));
}

TEST(FindApiserver, PrefersTheWholeListThenOneHostThenTheStar) {
  const Config config = config_of({{"*", "http://star"}, {"a:1,b:1/o", "http://both"}, {"b:1/o", "http://b"}});
  EXPECT_EQ(*find_apiserver(config, "b:1", "/o"), "http://b");
  EXPECT_EQ(*find_apiserver(config, "a:1", "/o"), "http://both");
  EXPECT_EQ(*find_apiserver(config, "c:1", "/o"), "http://star");
}

TEST(FindApiserver, AnUnknownClusterGivesTheLineToAdd) {
  const auto url = find_apiserver(Config{}, "127.0.0.1:2181", "/openmldb");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(url.error().to_string(), HasSubstr("plugins.OPENMLDB.apiservers"));
  EXPECT_THAT(url.error().to_string(), HasSubstr("\"127.0.0.1:2181/openmldb\": http://HOST:9080"));
}

}  // namespace
}  // namespace porpoise::openmldb
