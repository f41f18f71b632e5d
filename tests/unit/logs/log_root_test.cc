#include "logs/log_root.h"

#include <sys/stat.h>
#include <unistd.h>

#include "log_files.h"
#include "logs/log_pager.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LogRootPaths : public LogFiles, public testing::WithParamInterface<Resolve> {
 protected:
  LogRootPaths() { write(log(), "content"); }

  LogRoot open() const { return open(root()); }
  static LogRoot open(const fs::path& folder) {
    auto opened = LogRoot::open(folder, GetParam());
    EXPECT_TRUE(opened) << opened.error().to_string();
    return *std::move(opened);
  }
  // What is read there; otherwise the code of the error.
  static std::string read(LogRoot& logs, std::string_view path) {
    const auto opened = logs.open_log(path);
    if (!opened) return std::string(to_string(opened.error().code()));
    std::string content(64, '\0');
    content.resize(read_at(opened->get(), 0, content).value_or(0));
    return content;
  }
  std::string read(std::string_view path) const {
    LogRoot logs = open();
    return read(logs, path);
  }
};

INSTANTIATE_TEST_SUITE_P(Resolve, LogRootPaths, testing::Values(Resolve::kByKernel, Resolve::kByWalk),
                         [](const auto& with) { return with.param == Resolve::kByKernel ? "ByKernel" : "ByWalk"; });

TEST_P(LogRootPaths, OpenATaskLog) { EXPECT_EQ(read(log().string()), "content"); }

TEST_P(LogRootPaths, SayWhenThereIsNone) {
  EXPECT_EQ(read((root() / "20230420/7_1-2-4.log").string()), "not found");
  EXPECT_EQ(read((root() / "20230421/7_1-2-3.log").string()), "not found");
}

TEST_P(LogRootPaths, MayBeSpelledAsConfiguredOrWithoutLinks) {
  fs::create_symlink(root(), folder_ / "spelled");
  LogRoot logs = open(folder_ / "spelled/");
  EXPECT_EQ(read(logs, (folder_ / "spelled/20230420/7_1-2-3.log").string()), "content");
  EXPECT_EQ(read(logs, log().string()), "content");
  EXPECT_EQ(read(log().string()), "content");
  EXPECT_EQ(read((folder_ / "spelled/20230420/7_1-2-3.log").string()), "denied");
}

TEST_P(LogRootPaths, MustHaveTheShapeOfATaskLog) {
  const std::string day = (root() / "20230420").string();
  for (const char* name : {"x.log", "7_1-2-3.log.1", "7_1-2-3.txt", "7_1-2.log", "_1-2-3.log", "7_-2-3.log",
                           "7_1--3.log", "7_1-2-.log", "-7_1-2-3.log", "7_1-2-3-4.log", ".7_1-2-3.log", "7_1-2-3.log/",
                           "7_1-2-3.LOG", "7_1-2-3 .log", "", ".", ".."}) {
    if (*name != 0 && *name != '.') write(day + "/" + name, "content");
    EXPECT_EQ(read(day + "/" + name), "denied") << name;
  }
  for (const char* date : {"2023042", "202304201", "2023-04-20", "abcdefgh", "", "."}) {
    fs::create_directories(root() / date);
    write(root() / date / "7_1-2-3.log", "content");
    EXPECT_EQ(read((root() / date).string() + "/7_1-2-3.log"), "denied") << date;
  }
  EXPECT_EQ(read(root().string() + "//20230420/7_1-2-3.log"), "denied");
  EXPECT_EQ(read(day + "//7_1-2-3.log"), "denied");
}

TEST_P(LogRootPaths, NeverLeaveTheFolder) {
  fs::create_directories(folder_ / "logs-sibling/20230420");
  write(folder_ / "logs-sibling/20230420/7_1-2-3.log", "secret");
  fs::create_directories(folder_ / "20230420");
  write(folder_ / "20230420/7_1-2-3.log", "secret");
  const std::string inside = root().string();
  for (const std::string& path :
       {inside + "-sibling/20230420/7_1-2-3.log", inside + "/../20230420/7_1-2-3.log",
        inside + "/../logs/20230420/7_1-2-3.log", inside + "/20230420/../20230420/7_1-2-3.log",
        inside + "/./20230420/7_1-2-3.log", (folder_ / "20230420/7_1-2-3.log").string(),
        std::string("/proc/self/environ"), std::string("/etc/passwd"), std::string("20230420/7_1-2-3.log"),
        std::string("../20230420/7_1-2-3.log"), std::string(), std::string("/"), inside, inside + "/",
        inside + "20230420/7_1-2-3.log", std::string(100000, '/')}) {
    EXPECT_EQ(read(path), "denied") << path.substr(0, 200);
  }
}

TEST_P(LogRootPaths, WithZeroBytesAreRefused) {
  using namespace std::string_literals;
  EXPECT_EQ(read(log().string() + "\0"s), "denied");
  EXPECT_EQ(read(log().string() + "\0.log"s), "denied");
  EXPECT_EQ(read(root().string() + "\0/20230420/7_1-2-3.log"s), "denied");
}

TEST_P(LogRootPaths, LeadThroughNoSymbolicLink) {
  write(folder_ / "secret", "secret");
  fs::create_symlink(folder_ / "secret", root() / "20230420/1_1-1-1.log");
  fs::create_symlink(log(), root() / "20230420/1_1-1-2.log");
  fs::create_symlink("/nowhere", root() / "20230420/1_1-1-3.log");
  fs::create_symlink("/proc/self/environ", root() / "20230420/1_1-1-4.log");
  for (const char* name : {"1_1-1-1.log", "1_1-1-2.log", "1_1-1-3.log", "1_1-1-4.log"})
    EXPECT_EQ(read((root() / "20230420" / name).string()), "denied") << name;

  fs::create_directories(folder_ / "elsewhere");
  write(folder_ / "elsewhere/7_1-2-3.log", "secret");
  fs::create_directory_symlink(folder_ / "elsewhere", root() / "20230421");
  fs::create_directory_symlink("20230420", root() / "20230422");
  EXPECT_EQ(read((root() / "20230421/7_1-2-3.log").string()), "denied");
  EXPECT_EQ(read((root() / "20230422/7_1-2-3.log").string()), "denied");
}

TEST_P(LogRootPaths, OfFilesWithAnotherNameAreRefused) {
  write(folder_ / "secret", "secret");
  fs::create_hard_link(folder_ / "secret", root() / "20230420/1_1-1-1.log");
  EXPECT_EQ(read((root() / "20230420/1_1-1-1.log").string()), "denied");
}

TEST_P(LogRootPaths, OfOtherThingsThanRegularFilesAreRefusedWithoutWaiting) {
  ASSERT_EQ(::mkfifo((root() / "20230420/1_1-1-1.log").c_str(), 0600), 0);
  EXPECT_EQ(read((root() / "20230420/1_1-1-1.log").string()), "denied");
  fs::create_directories(root() / "20230420/1_1-1-2.log");
  EXPECT_EQ(read((root() / "20230420/1_1-1-2.log").string()), "denied");
  write(root() / "20230421", "a file where a day should be");
  EXPECT_EQ(read((root() / "20230421/7_1-2-3.log").string()), "denied");
}

TEST_P(LogRootPaths, OfFilesOfAStrangerAreRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can give files away";
  ASSERT_EQ(::chown(log().c_str(), 65534, 65534), 0);
  EXPECT_EQ(read(log().string()), "denied");
  ASSERT_EQ(::chown(root().c_str(), 65534, 65534), 0);
  EXPECT_EQ(read(log().string()), "content") << "the owner of the folder is trusted";
}

TEST_P(LogRootPaths, AreShownWithoutWhatForgesLogLines) {
  LogRoot logs = open();
  const auto refused = logs.open_log("/a\nb\x1b[31m" + std::string(10000, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("'/a?b?[31mxxx"));
  EXPECT_LT(refused.error().to_string().size(), 400U);
}

TEST_P(LogRootPaths, FollowAFolderThatIsMadeAnew) {
  LogRoot logs = open();
  fs::rename(root(), folder_ / "old");
  EXPECT_EQ(read(logs, (root() / "20230420/1_1-1-1.log").string()), "not found");
  fs::create_directories(root() / "20230420");
  write(log(), "new");
  EXPECT_EQ(read(logs, log().string()), "new");
}

TEST_P(LogRootPaths, BeginWithAFolderThatIsMadeWhenMissing) {
  LogRoot logs = open(folder_ / "a/b");
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b"));
  EXPECT_EQ(read(logs, (folder_ / "a/b/20230420/7_1-2-3.log").string()), "not found");
}

TEST_P(LogRootPaths, CannotBeginWithAFile) {
  write(folder_ / "file", "");
  EXPECT_FALSE(LogRoot::open(folder_ / "file", GetParam()));
  EXPECT_FALSE(LogRoot::open("", GetParam()));
}

TEST_P(LogRootPaths, RemoveALogAndTheFolderThatBecameEmpty) {
  const fs::path other = root() / "20230420/7_1-2-4.log";
  write(other, "other");
  LogRoot logs = open();
  EXPECT_TRUE(logs.remove_log(log().string()));
  EXPECT_FALSE(fs::exists(log()));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_TRUE(logs.remove_log(other.string()));
  EXPECT_FALSE(fs::exists(root() / "20230420"));
  EXPECT_TRUE(fs::exists(root()));
  EXPECT_TRUE(logs.remove_log(other.string())) << "it is gone, as wanted";
}

TEST_P(LogRootPaths, RemoveNothingElse) {
  write(folder_ / "secret", "secret");
  const fs::path day = root() / "20230420";
  fs::create_symlink(folder_ / "secret", day / "1_1-1-1.log");
  fs::create_hard_link(folder_ / "secret", day / "1_1-1-2.log");
  fs::create_directories(day / "1_1-1-3.log");
  fs::create_directories(folder_ / "elsewhere");
  write(folder_ / "elsewhere/7_1-2-3.log", "secret");
  fs::create_directory_symlink(folder_ / "elsewhere", root() / "20230421");
  write(day / "server.log", "not of a task");
  LogRoot logs = open();
  for (const fs::path& path : {day / "1_1-1-1.log", day / "1_1-1-2.log", day / "1_1-1-3.log",
                               root() / "20230421/7_1-2-3.log", day / "server.log", folder_ / "secret", day, root()}) {
    const Status removed = logs.remove_log(path.string());
    ASSERT_FALSE(removed) << path;
    EXPECT_EQ(removed.error().code(), ErrorCode::kDenied) << path;
    EXPECT_TRUE(fs::exists(path)) << path;
  }
  EXPECT_TRUE(fs::exists(folder_ / "elsewhere/7_1-2-3.log"));
}

}  // namespace
}  // namespace porpoise
