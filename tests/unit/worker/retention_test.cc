#include "worker/retention_pass.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/clock.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kNow = 1000 * kDayMs;

KeptLog log_of(std::int64_t id, std::int64_t age_ms, std::uint64_t bytes = 10) {
  return {"20260101/1_1-1-" + std::to_string(id) + ".log", id, bytes, kNow - age_ms};
}

RetentionRules rules(std::int64_t days, std::uint64_t total = 0) { return {std::chrono::hours(24 * days), total}; }

TEST(LogsToRemove, AreThoseThatAreOlder) {
  EXPECT_THAT(logs_to_remove({log_of(1, 31 * kDayMs), log_of(2, 29 * kDayMs)}, rules(30), {}, kNow),
              ElementsAre("20260101/1_1-1-1.log"));
}

TEST(LogsToRemove, AreTheOldestUntilTheRestFits) {
  EXPECT_THAT(
      logs_to_remove({log_of(3, 2 * kDayMs), log_of(1, 4 * kDayMs), log_of(2, 3 * kDayMs)}, rules(0, 15), {}, kNow),
      ElementsAre("20260101/1_1-1-1.log", "20260101/1_1-1-2.log"));
}

TEST(LogsToRemove, AreNoneWithoutARule) {
  EXPECT_THAT(logs_to_remove({log_of(1, 999 * kDayMs)}, {}, {}, kNow), IsEmpty());
}

TEST(LogsToRemove, AreNeverOfATaskThatIsNotForgottenNorOfTheLastHour) {
  EXPECT_THAT(logs_to_remove({log_of(1, 31 * kDayMs, 100), log_of(2, kHourMs / 2, 100)}, rules(30, 1), {1}, kNow),
              IsEmpty());
}

// The folders of a worker, in which all is as old as a test says.
class RetentionOfFolders : public testing::Test {
 protected:
  RetentionOfFolders() {
    for (const fs::path& folder : {places_.log_dir, places_.state_root, places_.execute_root})
      fs::create_directories(folder);
  }

  fs::path write_log(const std::string& name, std::int64_t days_old) const {
    const fs::path file = places_.log_dir / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "something\n";
    const timespec then[2] = {{0, UTIME_OMIT}, {wall_ms() / 1000 - days_old * kDayMs / 1000, 0}};
    EXPECT_EQ(::utimensat(AT_FDCWD, file.c_str(), then, 0), 0);
    return file;
  }

  // As of a day when what was made just now is `days_later` old.
  Removed run(const RetentionRules& rules, const TaskIds& in_use, std::int64_t days_later = 0) const {
    RetentionPass pass(places_, rules, wall_ms() + days_later * kDayMs);
    for (int turns = 0; turns < 100; ++turns) {
      const auto done = pass.turn(in_use);
      EXPECT_TRUE(done) << done.error().to_string();
      if (!done || *done) return pass.removed();
    }
    ADD_FAILURE() << "it does not end";
    return {};
  }

  const support::TempFolder folder_{"retention"};
  const RetentionPass::Places places_{folder_.path() / "logs", folder_.path() / "tasks", folder_.path() / "exec"};
};

TEST_F(RetentionOfFolders, RemovesOldLogsAndTheirDay) {
  const fs::path old = write_log("20250101/1_1-1-1.log", 40);
  const fs::path used = write_log("20250102/1_1-1-2.log", 40);
  const fs::path young = write_log("20250103/1_1-1-3.log", 2);
  const fs::path foreign = write_log("20250104/notes.txt", 40);
  const Removed removed = run(rules(30), {2});
  EXPECT_EQ(removed.logs, 1U);
  EXPECT_EQ(removed.log_bytes, 10U);
  EXPECT_FALSE(fs::exists(old.parent_path()));
  EXPECT_TRUE(fs::exists(used) && fs::exists(young) && fs::exists(foreign));
}

TEST_F(RetentionOfFolders, FollowsNoLink) {
  const fs::path outside = folder_.path() / "outside";
  fs::create_directories(outside);
  std::ofstream(outside / "1_1-1-1.log") << "precious";
  fs::create_directory_symlink(outside, places_.log_dir / "20200101");
  fs::create_directory_symlink(outside, places_.state_root / "1.broken");
  fs::create_directories(places_.execute_root / "t/1/1_1/1");
  fs::create_directory_symlink(outside, places_.execute_root / "t/1/1_1/1/7");
  EXPECT_FALSE(run(rules(1), {}, 40).any());
  EXPECT_TRUE(fs::exists(outside / "1_1-1-1.log"));
}

TEST_F(RetentionOfFolders, RemovesWhatWasPutAsideAndKeptWorkingDirectories) {
  fs::create_directories(places_.state_root / "5.broken/deep");
  fs::create_directories(places_.state_root / "6");
  fs::create_directories(places_.execute_root / "t/1/1_1/1/7/deep");
  fs::create_directories(places_.execute_root / "t/1/1_1/2/8");
  const Removed removed = run(rules(30), {8}, 40);
  EXPECT_EQ(removed.folders, 2U);
  EXPECT_FALSE(fs::exists(places_.state_root / "5.broken"));
  EXPECT_TRUE(fs::exists(places_.state_root / "6")) << "a task's state is the store's";
  EXPECT_FALSE(fs::exists(places_.execute_root / "t/1/1_1/1"));
  EXPECT_TRUE(fs::exists(places_.execute_root / "t/1/1_1/2/8"));
}

TEST_F(RetentionOfFolders, LeavesFoldersAloneThatAreNotOld) {
  fs::create_directories(places_.state_root / "5.broken");
  fs::create_directories(places_.execute_root / "t/1/1_1/1/7");
  EXPECT_FALSE(run(rules(30), {}, 20).any());
}

TEST_F(RetentionOfFolders, SaysWhenTheLogFolderCannotBeRead) {
  fs::remove_all(places_.log_dir);
  RetentionPass pass(places_, rules(30), wall_ms());
  const auto done = pass.turn({});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().to_string(), testing::HasSubstr(places_.log_dir.string()));
}

}  // namespace
}  // namespace porpoise
