#include "model/resource_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/request.h"

namespace porpoise {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view name) {
  const auto target = resource_target(name);
  return target ? "taken as " + *target : target.error().to_string();
}

TEST(ResourceName, KeepsItsFoldersBelowTheWorkingDirectory) {
  EXPECT_EQ(resource_target("/lib/a.py"), "lib/a.py");
  EXPECT_EQ(resource_target("a.py"), "a.py");
  EXPECT_EQ(resource_target("/数据/a b+c=d.py"), "数据/a b+c=d.py");
  EXPECT_EQ(resource_target("/..a/b..c/..."), "..a/b..c/...");
}

TEST(ResourceName, ThatWouldLeaveTheWorkingDirectoryIsRefused) {
  for (const char* const name : {"/../etc/passwd", "..", "/a/..", "/a/../../b", "/.", "./a"})
    EXPECT_THAT(refusal(name), HasSubstr("would leave the working directory")) << name;
}

TEST(ResourceName, ThatCannotBeAFileIsRefusedAndNamed) {
  EXPECT_THAT(refusal(""), HasSubstr("has no name"));
  for (const char* const name : {"/", "//etc/passwd", "/a//b", "/a/"})
    EXPECT_THAT(refusal(name), AllOf(HasSubstr("empty part"), HasSubstr(name))) << name;
  EXPECT_THAT(refusal(std::string_view("/a\0b", 4)), HasSubstr("\"/a?b\" has a control character"));
  EXPECT_THAT(refusal("/a\nb"), HasSubstr("control character"));
  EXPECT_THAT(refusal("/" + std::string(256, 'x')), HasSubstr("longer than 255 bytes"));
  std::string deep;
  while (deep.size() <= kMaxResourceNameBytes) deep += "/abc";
  EXPECT_THAT(refusal(deep), HasSubstr("longer than 1024 bytes"));
}

TEST(ResourceName, IsInTheFolderOfTheTenantThatOwnsIt) {
  EXPECT_EQ(tenant_resource("/lib/a.py", "etl")->path, "etl/resources/lib/a.py");
  for (const char* const tenant : {"", "..", "a/b", "a\n"})
    EXPECT_FALSE(tenant_resource("/lib/a.py", tenant)) << tenant;
}

ResourceOrder order() {
  ResourceOrder order;
  order.storage = {ResourceStorage::Kind::kS3, "http://minio:9000", "/ds", "b", "eu-west-1", "AK", "a secret", "u"};
  order.files = {{"/lib/a.py", "etl/resources/lib/a.py"}};
  order.max_bytes = 1000;
  return order;
}

TEST(ResourceOrder, SurvivesItsJsonForm) {
  const auto again = resource_order_from_json(to_json(order()));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(to_json(*again), to_json(order()));
  EXPECT_EQ(again->storage.kind, ResourceStorage::Kind::kS3);
  EXPECT_EQ(again->storage.secret_key, "a secret");
}

TEST(ResourceOrder, ThatMakesNoSenseIsRefused) {
  const auto refused = [](const char* pointer, const Json& value) {
    Json json = to_json(order());
    json[Json::json_pointer(pointer)] = value;
    return !resource_order_from_json(json);
  };
  EXPECT_TRUE(refused("/v", 2));
  EXPECT_TRUE(refused("/storage", Json::array()));
  EXPECT_TRUE(refused("/storage/kind", "ftp"));
  EXPECT_TRUE(refused("/storage/basePath", "ds"));
  EXPECT_TRUE(refused("/files", "a.py"));
  EXPECT_TRUE(refused("/files/0", "a.py"));
  EXPECT_TRUE(refused("/files/0/name", "/../a.py"));
  EXPECT_TRUE(refused("/files/0/path", "etl/../../a.py"));
  EXPECT_TRUE(refused("/maxBytes", 0));
  EXPECT_TRUE(refused("/maxBytes", -1));
  EXPECT_TRUE(refused("/files", Json(kMaxResources + 1, {{"name", "/a"}, {"path", "a"}})));
  EXPECT_FALSE(resource_order_from_json(Json::array()));
}

// The plugin, whose process is the tenant's, sees the request.
TEST(ResourceOrder, LeavesNamesAloneInTheRequest) {
  TaskRequest request;
  request.resources = order();
  const std::string text = dump_json(to_json(request));
  EXPECT_THAT(text, AllOf(HasSubstr("\"/lib/a.py\""), Not(HasSubstr("secret")), Not(HasSubstr("minio"))));
  const auto again = task_request_from_json(*parse_json(text));
  ASSERT_EQ(again->resources.files.size(), 1U);
  EXPECT_EQ(again->resources.files[0].name, "/lib/a.py");
}

TEST(TaskResult, TellsWhatWasFetched) {
  TaskResult result;
  result.fetched = {{12, std::chrono::milliseconds(3)}, {1ULL << 40U, std::chrono::milliseconds(0)}};
  result.fetch_failed = true;
  const auto again = task_result_from_json(to_json(result));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->fetched, result.fetched);
  EXPECT_TRUE(again->fetch_failed);
}

}  // namespace
}  // namespace porpoise
