#include "replay/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using ::testing::HasSubstr;

constexpr std::chrono::seconds kDeadline{30};

class SandboxProcess : public ::testing::Test {
 protected:
  Result<std::unique_ptr<Sandbox>> start(const std::string& script) {
    return Sandbox::start(io_, "made-up", {"/bin/sh", "-c", script}, log(), kDeadline);
  }
  std::filesystem::path log() const { return folder_.path() / "sandbox.log"; }

  boost::asio::io_context io_;
  support::TempFolder folder_{"sandbox"};
};

TEST_F(SandboxProcess, TellsHowTasksUseItAndEndsWithItsInput) {
  auto sandbox = start(R"(echo a banner; echo 'READY {"config":{"at":{"*":"x:1"}},"globals":{"server":"x:1"}}'
    cat; echo ended >>")" +
                       log().native() + "\"");
  ASSERT_TRUE(sandbox) << sandbox.error().to_string();
  EXPECT_EQ((*sandbox)->use().config, Json::parse(R"({"at":{"*":"x:1"}})"));
  EXPECT_EQ((*sandbox)->use().globals.at("server"), "x:1");
  sandbox->reset();
  EXPECT_THAT(read_file(log(), 4096).value_or(""), HasSubstr("ended"));
}

TEST_F(SandboxProcess, OneThatEndsAtItsStartIsAnErrorWithWhatItWrote) {
  const auto sandbox = start("echo no such library >&2; exit 3");
  ASSERT_FALSE(sandbox);
  EXPECT_THAT(sandbox.error().to_string(), HasSubstr("the made-up sandbox ended at its start"));
  EXPECT_THAT(sandbox.error().to_string(), HasSubstr("no such library"));
}

TEST_F(SandboxProcess, AReadyLineThatIsNotJsonIsAnErrorAndTheChildIsEnded) {
  const auto sandbox = start("echo READY http://127.0.0.1:1; cat");
  ASSERT_FALSE(sandbox);
  EXPECT_THAT(sandbox.error().to_string(), HasSubstr("the made-up sandbox cannot be used"));
}

TEST_F(SandboxProcess, OneThatWritesWithoutEndIsGivenUp) {
  const auto sandbox = start("while :; do echo 0123456789012345678901234567890123456789; done");
  ASSERT_FALSE(sandbox);
  EXPECT_THAT(sandbox.error().to_string(), HasSubstr("writes no READY line"));
}

TEST(SandboxUse, NamesTheMemberThatIsOfTheWrongType) {
  EXPECT_THAT(parse_sandbox_use("[]").error().to_string(), HasSubstr("not a JSON object"));
  EXPECT_THAT(parse_sandbox_use(R"({"config":1})").error().to_string(), HasSubstr("\"config\""));
  EXPECT_THAT(parse_sandbox_use(R"({"globals":[]})").error().to_string(), HasSubstr("\"globals\""));
  EXPECT_THAT(parse_sandbox_use(R"({"globals":{"a":1}})").error().to_string(), HasSubstr("global \"a\""));
  EXPECT_TRUE(parse_sandbox_use("{}"));
}

}  // namespace
}  // namespace porpoise
