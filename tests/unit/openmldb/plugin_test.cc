// The built plugin through its one exported symbol.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/openmldb/api_server.h"
#include "unit/openmldb/recording_host.h"

namespace porpoise::openmldb {
namespace {

using ::testing::HasSubstr;

class PluginTest : public ::testing::Test {
 protected:
  void SetUp() override {
    library_ = ::dlopen(PORPOISE_BUILD "/lib/porpoise/plugins/openmldb.so", RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library_, nullptr) << ::dlerror();
    const auto* const plugin = static_cast<const porpoise_plugin*>(::dlsym(library_, "porpoise_plugin_v1"));
    ASSERT_NE(plugin, nullptr);
    task_ = plugin->create(host_.host().raw(), plugin::to_c("OPENMLDB"));
    ASSERT_NE(task_, nullptr);
  }
  void TearDown() override {
    if (task_ != nullptr) task_->destroy(task_);
  }

  porpoise_status prepare(const Json& params, const Json& config) {
    params_ = dump_json(params);
    config_ = dump_json(config);
    porpoise_request request{};
    request.size = sizeof request;
    request.params_json = plugin::to_c(params_);
    request.config_json = plugin::to_c(config_);
    result_.size = sizeof result_;
    return task_->prepare(task_, &request, &result_);
  }
  std::string plan() {
    const auto* const dry_run =
        static_cast<const porpoise_dry_run*>(task_->get_extension(task_, plugin::to_c(PORPOISE_EXT_DRY_RUN)));
    porpoise_str text{};
    EXPECT_EQ(dry_run->plan(task_, &text), PORPOISE_OK);
    return std::string(plugin::to_view(text));
  }
  std::string message() const { return std::string(plugin::to_view(result_.message)); }

  RecordingHost host_;
  porpoise_task* task_ = nullptr;
  porpoise_result result_{};

 private:
  void* library_ = nullptr;
  std::string params_, config_;
};

Json params(std::string_view sql) {
  return {{"zk", "127.0.0.1:2181"}, {"zkPath", "/openmldb"}, {"executeMode", "online"}, {"sql", sql}};
}

TEST_F(PluginTest, RunsTheTaskOnTheMappedApiserver) {
  const ApiServer server([](const ApiCall&) { return unscripted(); });
  host_.set_parameter("table", "t; -- not the end");
  const Json config = {{"apiservers", {{"127.0.0.1:2181/openmldb", server.url() + "/"}}}};
  ASSERT_EQ(prepare(params("USE demo_db;\r\nDROP TABLE ${table}"), config), PORPOISE_OK) << message();
  task_->run(task_, &result_);
  EXPECT_EQ(result_.status, PORPOISE_OK) << message();
  EXPECT_EQ(server.calls().back(), "online /dbs/demo_db: DROP TABLE t");
}

TEST_F(PluginTest, AnUnmappedClusterSaysTheLineToAddWhenNothingButAnApiserverWillDo) {
  EXPECT_EQ(prepare(params("SHOW JOBS"), {{"driver", "rest"}}), PORPOISE_INVALID_PARAMS);
  EXPECT_THAT(message(), HasSubstr("\"127.0.0.1:2181/openmldb\": http://HOST:9080"));
}

TEST_F(PluginTest, TheTaskMayChooseItsWay) {
  Json by_sdk = params("SHOW JOBS");
  by_sdk["driver"] = "SDK";
  const Json config = {{"apiservers", {{"*", "http://127.0.0.1:1"}}}, {"driver", "rest"}};
  ASSERT_EQ(prepare(by_sdk, config), PORPOISE_OK) << message();
  EXPECT_EQ(plan(), "-- by the SDK, database __INTERNAL_DB, online\nSHOW JOBS;\n");
  by_sdk["driver"] = "jdbc";
  EXPECT_EQ(prepare(by_sdk, config), PORPOISE_INVALID_PARAMS);
  EXPECT_EQ(message(), "parameter 'driver' must be auto, rest or sdk, not 'jdbc'");
}

TEST_F(PluginTest, TheConfigurationMayForbidTheSdk) {
  Json by_sdk = params("SHOW JOBS");
  by_sdk["driver"] = "sdk";
  ASSERT_EQ(prepare(by_sdk, {{"apiservers", {{"*", "http://127.0.0.1:1"}}}, {"sdk", false}}), PORPOISE_OK) << message();
  EXPECT_EQ(plan(), "-- POST http://127.0.0.1:1/dbs/__INTERNAL_DB, online\nSHOW JOBS;\n");
}

TEST_F(PluginTest, BrokenSqlIsRefusedBeforeAnythingRuns) {
  EXPECT_EQ(prepare(params("USE a;\nSELECT 'x"), {{"apiservers", {{"*", "http://127.0.0.1:1"}}}}),
            PORPOISE_INVALID_PARAMS);
  EXPECT_THAT(message(), HasSubstr("parameter 'sql', line 2, column 8"));
}

TEST_F(PluginTest, WhatTheTextShowsToBeWrongIsRefusedBeforeAnythingRuns) {
  const Json config = {{"apiservers", {{"*", "http://127.0.0.1:1"}}}};
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"SET @@execute_mode='request'", "execute_mode must be offline or online, not 'request'"},
      {"SET @@job_timeout='soon'", "job_timeout must be a number of milliseconds, not 'soon'"},
      {"CREATE TABLE t(a int)", "no database is chosen"},
      {"DEPLOY d SELECT 1", "no database is chosen"},
      {"USE a; SET @@execute_mode=offline; DEPLOY d SELECT 1", "DEPLOY needs the online mode"},
  };
  for (const auto& [sql, expected] : cases) {
    EXPECT_EQ(prepare(params("\n" + std::string(sql)), config), PORPOISE_INVALID_PARAMS) << sql;
    EXPECT_THAT(message(), HasSubstr("parameter 'sql', line 2: "));
    EXPECT_THAT(message(), HasSubstr(expected));
  }
}

TEST_F(PluginTest, ThePlanShowsWhatGoesWhere) {
  const std::string sql = "USE a; -- x\nSHOW JOBS; SET @@execute_mode='offline'; SELECT 1";
  ASSERT_EQ(prepare(params(sql), {{"apiservers", {{"*", "http://127.0.0.1:1"}}}}), PORPOISE_OK);
  EXPECT_EQ(plan(), R"(-- not sent, online
USE a;
-- POST http://127.0.0.1:1/dbs/a, online
SHOW JOBS;
-- not sent, offline
SET @@execute_mode='offline';
-- POST http://127.0.0.1:1/dbs/a, offline, as a job
SELECT 1;
)");
}

}  // namespace
}  // namespace porpoise::openmldb
