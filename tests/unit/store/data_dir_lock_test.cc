#include "store/data_dir_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>

namespace porpoise {
namespace {

using testing::HasSubstr;

// Another process that has the folder, as its locks do not concern ours, until it is killed.
class Holder {
 public:
  explicit Holder(
      const std::filesystem::path& folder, const std::function<void()>& also = [] {}) {
    int ready[2];
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto lock = DataDirLock::take(folder);
      const bool ok = lock && lock->introduce("10.0.0.7:1234", 1'700'000'000'000);
      also();
      (void)!::write(ready[1], ok ? "y" : "n", 1);
      while (true) ::pause();
    }
    ::close(ready[1]);
    char answer = 0;
    EXPECT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y') << "the other process did not get the folder";
    ::close(ready[0]);
  }
  ~Holder() { kill(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

class DataDirLockTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/porpoise-lock-XXXXXX";
    folder = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::string note() const {
    std::ifstream file(folder / "lock");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder;
};

TEST_F(DataDirLockTest, NamesTheWorkerThatUsesTheFolder) {
  const Holder holder(folder);
  const auto lock = DataDirLock::take(folder);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(lock.error().to_string(),
              HasSubstr(folder.string() + " is in use by pid " + std::to_string(holder.pid()) +
                        ", registered as 10.0.0.7:1234 since 2023-11-1"));
  EXPECT_THAT(lock.error().to_string(), HasSubstr("'data-dir'"));
}

TEST_F(DataDirLockTest, RefusesTheSameFolderUnderAnotherName) {
  const Holder holder(folder);
  const std::filesystem::path link = folder.string() + "-link";
  std::filesystem::create_directory_symlink(folder, link);
  EXPECT_FALSE(DataDirLock::take(link));
  std::filesystem::remove(link);
}

TEST_F(DataDirLockTest, IsNoObstacleWhenItsWorkerIsDead) {
  Holder holder(folder);
  holder.kill();
  EXPECT_THAT(note(), HasSubstr("10.0.0.7:1234")) << "the dead one has left its note";
  const auto lock = DataDirLock::take(folder);
  ASSERT_TRUE(lock) << lock.error().to_string();
}

// A child between fork and exec shares the descriptors: with flock() it would keep the next worker out.
TEST_F(DataDirLockTest, IsNotHeldByAChildThatOutlivesItsWorker) {
  int pid_of_child[2];
  ASSERT_EQ(::pipe(pid_of_child), 0);
  Holder holder(folder, [&] {
    const pid_t child = ::fork();
    while (child == 0) ::pause();
    (void)!::write(pid_of_child[1], &child, sizeof child);
  });
  pid_t child = 0;
  ASSERT_EQ(::read(pid_of_child[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  holder.kill();
  ASSERT_EQ(::kill(child, 0), 0);
  EXPECT_TRUE(DataDirLock::take(folder));
  ::kill(child, SIGKILL);
}

TEST_F(DataDirLockTest, SaysThatItIsInUseWhateverStandsInTheFile) {
  for (const std::string text :
       {"", "{", "[]", "{\"address\":7,\"since\":\"x\"}", "{\"since\":9e99,\"address\":\"a:1\"}"}) {
    const Holder holder(folder);
    std::ofstream(folder / "lock") << text;
    const auto lock = DataDirLock::take(folder);
    ASSERT_FALSE(lock) << text;
    EXPECT_THAT(lock.error().to_string(), HasSubstr("in use by pid " + std::to_string(holder.pid())));
  }
}

// The lock is of the file: without it at its place a second worker got the folder, and nobody noticed.
TEST_F(DataDirLockTest, IsMadeAgainWhenItsFileWasTakenAway) {
  const auto lock = DataDirLock::take(folder);
  ASSERT_TRUE(lock && lock->introduce("10.0.0.7:1234", 1'700'000'000'000));
  EXPECT_TRUE(lock->look_after());
  // By another process: closing the file in this one would end its lock.
  const auto others_are_refused = [&] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const auto second = DataDirLock::take(folder);
      ::_exit(!second && second.error().to_string().find("registered as 10.0.0.7:1234") != std::string::npos ? 0 : 1);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return status == 0;
  };
  EXPECT_TRUE(others_are_refused());
  for (const bool replaced : {false, true}) {
    std::filesystem::rename(folder / "lock", folder / "moved");
    if (replaced) std::ofstream(folder / "lock") << "something";
    const Status found = lock->look_after();
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code(), ErrorCode::kNotFound) << found.error().to_string();
    EXPECT_THAT(found.error().to_string(), HasSubstr((folder / "lock").string() + " was taken away"));
    EXPECT_TRUE(lock->look_after());
    EXPECT_TRUE(others_are_refused());
    std::filesystem::rename(folder / "moved", folder / "lock");  // as somebody may mend it
    EXPECT_TRUE(lock->look_after()) << "that one is held, too";
    EXPECT_TRUE(others_are_refused());
  }
}

TEST_F(DataDirLockTest, NamesTheWorkerThatGotTheFolderWhenItsFileWasTakenAway) {
  const auto lock = DataDirLock::take(folder);
  ASSERT_TRUE(lock);
  std::filesystem::remove(folder / "lock");
  const Holder holder(folder);
  const Status found = lock->look_after();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(found.error().to_string(), HasSubstr("in use by pid " + std::to_string(holder.pid())));
}

TEST_F(DataDirLockTest, RefusesALinkInPlaceOfItsFile) {
  std::filesystem::create_symlink("/etc/hostname", folder / "lock");
  EXPECT_FALSE(DataDirLock::take(folder));
}

TEST_F(DataDirLockTest, ForgetsWhatADeadWorkerHasWritten) {
  std::ofstream(folder / "lock") << std::string(3000, 'x');
  const auto lock = DataDirLock::take(folder);
  ASSERT_TRUE(lock);
  EXPECT_THAT(note(), HasSubstr("\"pid\":" + std::to_string(::getpid())));
  EXPECT_EQ(note().find('x'), std::string::npos);
}

}  // namespace
}  // namespace porpoise
