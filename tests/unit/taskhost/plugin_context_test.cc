// tests/e2e/test_plugin_context.py checks contexts of real tasks by the schema; here is what makes them.
#include "taskhost/plugin_host.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/file.h"

namespace porpoise {
namespace {

Json schema() {
  const auto text = read_file(PORPOISE_TESTS "/../include/porpoise/context.schema.json", 1U << 20U);
  auto json = text ? parse_json(*text) : fail(text.error());
  EXPECT_TRUE(json) << json.error().to_string();
  return json.value_or(Json::object());
}

std::set<std::string> names_of(const Json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.items()) names.insert(name);
  return names;
}

TEST(PluginContext, HasEveryMemberOfItsSchemaAndNoOther) {
  const std::set<std::string> members = names_of(plugin_context(TaskRequest()));
  EXPECT_EQ(members, names_of(schema()["properties"]));
  const Json required = schema()["required"];
  EXPECT_EQ(members, (std::set<std::string>(required.begin(), required.end()))) << "each is always there";
}

TEST(PluginContext, IsNamedByItsSchema) { EXPECT_EQ(plugin_context(TaskRequest())["schema"], schema()["$id"]); }

TEST(PluginContext, KeepsWhatIsTheHostsAlone) {
  TaskRequest request;
  request.plugin = "/plugins/secret.so";
  request.environment_config = "export PASSWORD=secret";
  request.plugin_config = {{"password", "secret"}};
  request.env_file = "/etc/secret.sh";
  EXPECT_EQ(dump_json(plugin_context(request)).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace porpoise
