#include "taskdir/task_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <regex>
#include <thread>

#include "base/file.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

class TaskLogFile : public testing::Test {
 protected:
  TaskLogFile() {
    char name[] = "/tmp/porpoise-test-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~TaskLogFile() override { std::filesystem::remove_all(folder_); }

  TaskLog open() {
    auto log = TaskLog::open(path());
    EXPECT_TRUE(log) << log.error().to_string();
    return *std::move(log);
  }
  std::filesystem::path path() const { return folder_ / "logs/20230420/7_1-2-3.log"; }
  // With every time stamp written as T.
  std::string text() const {
    static const std::regex stamp(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d{4})");
    return std::regex_replace(read_file(path(), 10U << 20U).value_or("no file"), stamp, "T");
  }

  std::filesystem::path folder_;
};

// Somebody who removes empty folders meets a folder once between its making and the log's; often, in so many attempts.
TEST_F(TaskLogFile, IsOpenedThoughSomebodyRemovesItsEmptyFolder) {
  const std::filesystem::path day = path().parent_path();
  for (int attempt = 0; attempt < 500; ++attempt) {
    std::atomic<bool> opened = false;
    std::thread remover([&] {
      while (!opened && ::rmdir(day.c_str()) != 0) continue;
    });
    const auto log = TaskLog::open(path());
    opened = true;
    remover.join();
    ASSERT_TRUE(log) << log.error().to_string();
    std::filesystem::remove_all(day);
  }
}

TEST_F(TaskLogFile, HasThePatternOf31) {
  TaskLog log = open();
  log.write(LogLevel::kInfo, "hello");
  log.write(LogLevel::kDebug, "");
  log.flush();
  EXPECT_EQ(text(), "[INFO] T - hello\n[DEBUG] T - \n");
}

TEST_F(TaskLogFile, SetsFurtherLinesOffByATab) {
  TaskLog log = open();
  log.write(LogLevel::kWarn, "one\n\nthree\r\nfour\n");
  log.flush();
  EXPECT_EQ(text(), "[WARN] T - one\n\t\n\tthree\n\tfour\n");
}

TEST_F(TaskLogFile, PutsOutputOfAMomentIntoOneBatch) {
  TaskLog log = open();
  log.output("first");
  log.output("");
  log.flush();
  log.output("third");
  log.write(LogLevel::kError, "words");
  log.output("new batch");
  log.flush();
  EXPECT_EQ(text(), "[INFO] T -  -> first\n\t\n\tthird\n[ERROR] T - words\n[INFO] T -  -> new batch\n");
}

TEST_F(TaskLogFile, AppendsToWhatIsThere) {
  open().flush();
  TaskLog first = open();
  first.write(LogLevel::kInfo, "attempt 1");
  first.flush();
  TaskLog second = open();
  second.write(LogLevel::kInfo, "attempt 2");
  second.flush();
  EXPECT_EQ(text(), "[INFO] T - attempt 1\n[INFO] T - attempt 2\n");
}

TEST_F(TaskLogFile, SaysWhenItMustBeFlushed) {
  TaskLog log = open();
  EXPECT_FALSE(log.due());
  log.output("can wait");
  ASSERT_TRUE(log.due());
  const auto first = *log.due();
  EXPECT_LE(first, TaskLog::Clock::now() + std::chrono::milliseconds(200));
  log.write(LogLevel::kInfo, "and does not make that later");
  EXPECT_EQ(*log.due(), first);
  log.flush();
  EXPECT_FALSE(log.due());
}

TEST_F(TaskLogFile, WritesLongOutputBeforeItIsAskedTo) {
  TaskLog log = open();
  for (int i = 0; i < 3000; ++i) log.output(std::string(99, 'x'));
  EXPECT_GT(text().size(), 200000U);
}

TEST_F(TaskLogFile, NeverFollowsALinkToAnotherFile) {
  std::filesystem::create_directories(path().parent_path());
  std::filesystem::create_symlink(folder_ / "elsewhere", path());
  EXPECT_FALSE(TaskLog::open(path()));
}

TEST_F(TaskLogFile, GoesOnWhenTheDiskIsFull) {
  // A log that is a pipe which nobody empties stands for the disk.
  std::filesystem::create_directories(path().parent_path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const UniqueFd reader(::open(path().c_str(), O_RDONLY | O_NONBLOCK));
  TaskLog log = open();
  for (int i = 0; i < 3000; ++i) log.output(std::string(99, 'x'));
  std::string taken(1U << 20U, '\0');
  ASSERT_GT(::read(reader.get(), taken.data(), taken.size()), 0);
  log.write(LogLevel::kInfo, "room again");
  log.flush();
  taken.resize(static_cast<std::size_t>(::read(reader.get(), taken.data(), taken.size())));
  EXPECT_THAT(taken, HasSubstr("bytes of this log are missing"));
  EXPECT_THAT(taken, HasSubstr("room again"));
}

}  // namespace
}  // namespace porpoise
