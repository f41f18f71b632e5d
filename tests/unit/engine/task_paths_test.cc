#include "engine/accepted_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/resource_order.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

const TaskPaths kPaths{"/logs", "/data/exec/process"};

// What somebody might put into any text of a dispatch.
const std::vector<std::string> kHostile = {"..",
                                           ".",
                                           "/",
                                           "//",
                                           "/etc/passwd",
                                           "../../../../../victim",
                                           "a/../../b",
                                           "a/b",
                                           "/a",
                                           "a/",
                                           std::string("nul\0byte", 8),
                                           "line\nbreak",
                                           "\x7f",
                                           std::string(256, 'x'),
                                           std::string(5000, '/'),
                                           "~root",
                                           "$(id)",
                                           "%2e%2e",
                                           "-rf",
                                           "..\\..",
                                           " ..",
                                           ".. ",
                                           "..."};
const std::vector<std::string> kTexts = {"taskName", "taskType",          "appIds",      "tenantCode", "taskParams",
                                         "queue",    "environmentConfig", "taskAppId",   "logPath",    "executePath",
                                         "host",     "envFile",           "taskLogName", "varPool",    "globalParams"};

wire::DispatchTask dispatch_with(const std::string& member, const std::string& text) {
  Json context{{"taskInstanceId", 34},   {"taskType", "SHELL"},       {"firstSubmitTime", "2023-04-20 05:53:20"},
               {"processDefineCode", 9}, {"processDefineVersion", 4}, {"processInstanceId", 12},
               {"projectCode", 7},       {"tenantCode", "etl"}};
  if (member == "resources")
    context["resources"] = {{text, "etl"}, {"a.py", text}};
  else
    context[member] = text;
  const Json body{{"messageSenderAddress", "m:1"}, {"taskExecutionContext", context}};
  const auto message = wire::profile_31(utc())->decode({wire::Command::kTaskDispatchRequest, 1, dump_json(body)});
  EXPECT_TRUE(message) << member;
  return message ? std::get<wire::DispatchTask>(*message) : wire::DispatchTask();
}

void expect_confined(const AcceptedTask& task) {
  EXPECT_EQ(task.log_path, "/logs/20230420/9_4-12-34.log");
  if (task.execute_path.empty()) {
    EXPECT_THAT(task.defect, HasSubstr("tenant code"));
    return;
  }
  EXPECT_EQ(std::filesystem::path(task.execute_path).lexically_normal().string(), task.execute_path);
  EXPECT_TRUE(task.execute_path.starts_with("/data/exec/process/")) << task.execute_path;
  EXPECT_TRUE(task.execute_path.ends_with("/7/9_4/12/34")) << task.execute_path;
  EXPECT_EQ(std::count(task.execute_path.begin(), task.execute_path.end(), '/'), 8) << task.execute_path;
}

TEST(TaskPaths, NoTextOfADispatchLeadsOutOfTheFolders) {
  for (const std::string& member : kTexts)
    for (const std::string& text : kHostile) {
      SCOPED_TRACE(member + ": " + text.substr(0, 50));
      expect_confined(kPaths.accepted(dispatch_with(member, text), utc(), 0));
    }
}

TEST(TaskPaths, NoNameOfAResourceLeadsOutOfTheWorkingDirectoryOrTheStorage) {
  for (const std::string& text : kHostile)
    for (const auto& [name, tenant] : dispatch_with("resources", text).context.resources) {
      const auto file = tenant_resource(name, tenant);
      if (!file) continue;
      for (const std::string& path : {*resource_target(file->name), file->path}) {
        EXPECT_EQ(std::filesystem::path(path).lexically_normal().string(), path) << path;
        EXPECT_FALSE(path.starts_with("/") || path.starts_with("../")) << path;
      }
    }
}

TEST(TaskPaths, ATenantsCodeThatCannotBeAFolderIsADefectThatNamesIt) {
  for (const std::string& code :
       {std::string("/victim"), std::string("../x"), std::string(".."), std::string("a\nb"), std::string(300, 'x')}) {
    const AcceptedTask task = kPaths.accepted(dispatch_with("tenantCode", code), utc(), 0);
    EXPECT_THAT(task.defect, HasSubstr("its dispatch makes no sense: tenant code \"")) << code;
    EXPECT_EQ(task.execute_path, "");
  }
  EXPECT_EQ(kPaths.accepted(dispatch_with("tenantCode", ""), utc(), 0).execute_path,
            "/data/exec/process/default/7/9_4/12/34");
}

}  // namespace
}  // namespace porpoise
