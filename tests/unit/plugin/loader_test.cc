#include "plugin/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path kFixtures = PORPOISE_BUILD "/tests/plugin_fixtures";
const std::filesystem::path kPlugins = PORPOISE_BUILD "/lib/porpoise/plugins";

std::string error_of(const std::filesystem::path& file) {
  const auto loaded = load_plugin(file);
  return loaded ? "no error" : loaded.error().to_string();
}

TEST(Loader, LoadsEveryBuiltPlugin) {
  for (const char* const name : {"shell.so", "python.so", "http.so"}) {
    const auto loaded = load_plugin(kPlugins / name);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->api.size, sizeof(porpoise_plugin));
    EXPECT_EQ(loaded->api.abi_minor, static_cast<std::uint32_t>(PORPOISE_ABI_MINOR));
  }
}

// What create_task says of a fixture, or "good".
std::string task_of(const std::filesystem::path& file) {
  const auto loaded = load_plugin(file);
  if (!loaded) return loaded.error().to_string();
  const porpoise_host host{};
  const auto task = create_task(*loaded, &host, "ANY");
  return task ? "good" : task.error().to_string();
}

TEST(Loader, AnUnknownTypeIsNotCreated) {
  const auto loaded = load_plugin(kPlugins / "shell.so");
  ASSERT_TRUE(loaded);
  const porpoise_host host{};
  const auto task = create_task(*loaded, &host, "SPARK");
  ASSERT_FALSE(task);
  EXPECT_EQ(task.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(task.error().to_string(), HasSubstr("shell.so cannot make a task of type \"SPARK\""));
}

TEST(Loader, ErrorsNameTheFileAndTheReason) {
  EXPECT_THAT(error_of("/nowhere/x.so"), HasSubstr("cannot load plugin /nowhere/x.so: no such file"));
  EXPECT_THAT(error_of(PORPOISE_TESTS "/CMakeLists.txt"), HasSubstr("invalid ELF header"));
  EXPECT_THAT(error_of(kFixtures / "no_symbol.so"), HasSubstr("does not export porpoise_plugin_v1"));
  EXPECT_THAT(error_of(kFixtures / "wrong_major.so"), HasSubstr("does not export porpoise_plugin_v1"));
  EXPECT_THAT(error_of(kFixtures / "too_small.so"), HasSubstr("has size 8, too small"));
  EXPECT_THAT(error_of(kFixtures / "no_create.so"), HasSubstr("no create function"));
}

TEST(Loader, ATaskThatIsTooSmallOrHasNoRunIsRefusedAfterCreate) {
  EXPECT_THAT(task_of(kFixtures / "small_task.so"), HasSubstr("whose porpoise_task has size 24, too small"));
  EXPECT_THAT(task_of(kFixtures / "task_without_run.so"), HasSubstr("lacks prepare, run or destroy"));
}

TEST(Loader, WhatASmallerStructLacksIsNullWhateverLiesBehindIt) {
  const auto loaded = load_plugin(kFixtures / "older.so");
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  EXPECT_EQ(loaded->api.get_extension, nullptr);
  const porpoise_host host{};
  const auto task = create_task(*loaded, &host, "ANY");
  ASSERT_TRUE(task) << task.error().to_string();
  EXPECT_NE(task->api.destroy, nullptr);
  EXPECT_EQ(task->api.get_extension, nullptr);
}

TEST(Loader, WhatALargerStructHasBesidesIsLeftAlone) {
  EXPECT_EQ(task_of(kFixtures / "later.so"), "good");
  EXPECT_EQ(load_plugin(kFixtures / "later.so")->api.abi_minor, 7U);
}

}  // namespace
}  // namespace porpoise
