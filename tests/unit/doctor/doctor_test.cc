#include "doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "doctor/bundle.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

TEST(Clock, AgreesWhileAHeartbeatIsFresh) {
  EXPECT_EQ(judge_clock("it", 0).verdict, Verdict::kOk);
  EXPECT_EQ(judge_clock("it", 30'000).verdict, Verdict::kOk);
}

TEST(Clock, DiffersWhenAHeartbeatIsOldOrComesFromTheFuture) {
  EXPECT_EQ(judge_clock("it", 300'000).verdict, Verdict::kWarning);
  EXPECT_THAT(judge_clock("it", 300'000).what, HasSubstr("300 s behind"));
  EXPECT_EQ(judge_clock("it", -10'000).verdict, Verdict::kWarning);
  EXPECT_THAT(judge_clock("it", -10'000).what, HasSubstr("10 s ahead of"));
}

TEST(Clock, OfAWholeNumberOfQuartersIsATimeZone) {
  constexpr std::int64_t kHourMs = 3600 * 1000;
  for (const std::int64_t diff : {8 * kHourMs + 10'000, -5 * kHourMs - kHourMs / 2, -kHourMs + 15'000}) {
    const Finding finding = judge_clock("it", diff);
    EXPECT_EQ(finding.verdict, Verdict::kFault) << diff;
    EXPECT_THAT(finding.what, HasSubstr("looks like a time zone"));
    EXPECT_THAT(finding.mend, HasSubstr("NTP"));
  }
  EXPECT_EQ(judge_clock("it", 8 * kHourMs + kHourMs / 8).verdict, Verdict::kWarning);
}

TEST(TimeZone, ThatThereIsNotIsAFault) {
  EXPECT_EQ(worst_of(check_time_zone("Mars/Phobos")), Verdict::kFault);
  EXPECT_EQ(worst_of(check_time_zone("UTC")), Verdict::kOk);
}

TEST(Folder, CanBeMadeWhereTheOneAboveItCanBeWritten) {
  const support::TempFolder folder("doctor");
  const Findings findings = check_folder("data folder", "data-dir", folder.path() / "a" / "b");
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].verdict, Verdict::kOk);
  EXPECT_THAT(findings[0].what, HasSubstr("can be made"));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "a check leaves nothing behind";
}

TEST(Folder, InWhichNothingCanBeMadeIsAFaultThatNamesTheKey) {
  const Findings findings = check_folder("data folder", "data-dir", "/proc/porpoise");
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::kFault);
  EXPECT_THAT(findings[0].mend, HasSubstr("'data-dir'"));
}

TEST(Folder, ThatEverybodyMayWriteIsAWarning) {
  const support::TempFolder folder("doctor");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  const Findings findings = check_folder("data folder", "data-dir", folder.path());
  EXPECT_TRUE(std::any_of(findings.begin(), findings.end(), [](const Finding& one) {
    return one.verdict == Verdict::kWarning && one.what.starts_with("every user of the machine may write");
  }));
}

TEST(EnvFile, IsReadByBash) {
  const support::TempFolder folder("doctor");
  const auto file = folder.path() / "env.sh";
  std::ofstream(file) << "export A=1\n";
  EXPECT_EQ(worst_of(check_env_file(file, {})), Verdict::kOk);
  std::ofstream(file) << "if then\n";
  EXPECT_EQ(worst_of(check_env_file(file, {})), Verdict::kFault);
  EXPECT_EQ(worst_of(check_env_file(folder.path() / "none", {})), Verdict::kFault);
}

TEST(EnvFile, ThatDoesNotEndIsGivenUpOn) {
  const support::TempFolder folder("doctor");
  const auto file = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  DoctorLimits limits;
  limits.program = std::chrono::milliseconds(200);
  const Findings findings = check_env_file(file, limits);
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].verdict, Verdict::kFault);
  EXPECT_THAT(findings[0].what, HasSubstr("has not ended within 0.2 s"));
}

TEST(Bundle, IsATarOfWholeBlocksWithSizesAndChecksums) {
  const std::string tar = to_tar({{"a.txt", "hello"}, {"empty", ""}}, 1'700'000'000'000);
  ASSERT_EQ(tar.size(), 512U * 5);  // two heads, one block of content, two that end it
  EXPECT_EQ(tar.substr(0, 6), std::string("a.txt\0", 6));
  EXPECT_EQ(tar.substr(124, 11), "00000000005");
  EXPECT_EQ(tar.substr(257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(tar.substr(512, 5), "hello");
  EXPECT_EQ(tar.substr(1024, 5), "empty");
}

}  // namespace
}  // namespace porpoise
