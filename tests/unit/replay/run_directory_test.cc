#include "replay/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/file.h"

namespace porpoise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::filesystem::path temporary_log() {
  return std::filesystem::temp_directory_path() / ("porpoise-log-" + std::to_string(::getpid()));
}

TEST(TaskLog, ReadsBackWhatItWroteAndEndsTheLog) {
  const auto file = temporary_log();
  ASSERT_TRUE(append_log(file, LogLevel::kInfo, "a\nb", LogEnd::kOpen));
  ASSERT_TRUE(append_log(file, LogLevel::kError, "late", LogEnd::kFinal));
  EXPECT_THAT(log_tail(file, 10), ElementsAre("a", "b", "late"));
  EXPECT_THAT(read_file(file, 10000).value(), ::testing::EndsWith(" - FINALIZE_SESSION\n"));
  std::filesystem::remove(file);
}

TEST(TaskLog, ShowsPeopleOnlyWhatWasLogged) {
  EXPECT_THAT(plain_log_lines("[INFO] 2023-04-20 14:13:21.005 +0800 -  -> first\n\tsecond\n"
                              "[WARN] 2023-04-20 14:13:21.005 +0800 - slow\n"
                              "[not a prefix] x\n\n"
                              "[INFO] 2023-04-20 14:13:21.005 +0800 - FINALIZE_SESSION\n"),
              ElementsAre("first", "second", "slow", "[not a prefix] x"));
  EXPECT_THAT(plain_log_lines(""), IsEmpty());
  EXPECT_THAT(plain_log_lines("[INFO] 2023"), ElementsAre("[INFO] 2023"));
}

TEST(TaskLog, TailsALogThatIsLargerThanTheMemoryForIt) {
  const auto file = temporary_log();
  std::ofstream out(file);
  for (int i = 0; i < 100000; ++i) out << "line " << i << "\n";
  out.close();
  EXPECT_THAT(log_tail(file, 2), ElementsAre("line 99998", "line 99999"));
  std::filesystem::remove(file);
  EXPECT_THAT(log_tail(file, 2), IsEmpty());
}

}  // namespace
}  // namespace porpoise
