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

TEST(Loader, AnUnknownTypeIsNotCreated) {
  const auto loaded = load_plugin(kPlugins / "shell.so");
  ASSERT_TRUE(loaded);
  const porpoise_host host{};
  EXPECT_EQ(loaded->api.create(&host, {"SPARK", 5}), nullptr);
}

TEST(Loader, ErrorsNameTheFileAndTheReason) {
  EXPECT_THAT(error_of("/nowhere/x.so"), HasSubstr("cannot load plugin /nowhere/x.so: no such file"));
  EXPECT_THAT(error_of(PORPOISE_TESTS "/CMakeLists.txt"), HasSubstr("invalid ELF header"));
  EXPECT_THAT(error_of(kFixtures / "no_symbol.so"), HasSubstr("does not export porpoise_plugin_v1"));
  EXPECT_THAT(error_of(kFixtures / "too_small.so"), HasSubstr("has size 8, too small"));
  EXPECT_THAT(error_of(kFixtures / "no_create.so"), HasSubstr("no create function"));
}

}  // namespace
}  // namespace porpoise
