#include "worker/state_keeper.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/descriptor.h"
#include "base/file.h"
#include "observe/metrics.h"
#include "support/run_until.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using support::run_until;
using testing::HasSubstr;

// Nobody, not even root, may remove or change it.
bool set_immutable(const std::filesystem::path& file, bool immutable) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  int flags = immutable ? FS_IMMUTABLE_FL : 0;
  return fd && ::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) == 0;
}

class StateKeeperTest : public testing::Test {
 protected:
  StateKeeperTest() { EXPECT_TRUE(store_.prepare()); }
  ~StateKeeperTest() override {
    if (!immutable_.empty()) set_immutable(immutable_, false);
    std::fclose(log_file_);
  }

  void accept(std::int64_t id) const {
    ASSERT_TRUE(store_.keep(id, "the dispatch", {"10.0.0.1:5678", 12, "/logs/34.log", "/data/34"}));
  }
  bool is_empty() const { return std::filesystem::is_empty(paths_.state_root()); }
  std::string logged() const {
    std::fflush(log_file_);
    return read_file("/proc/self/fd/" + std::to_string(::fileno(log_file_)), 1U << 16U).value_or("");
  }
  LogSettings log_settings() const {
    LogSettings settings;
    settings.target = log_file_;
    return settings;
  }

  const support::TempFolder folder_{"state-keeper"};
  std::filesystem::path immutable_;
  std::FILE* const log_file_ = std::tmpfile();
  const WorkerPaths paths_{folder_.path() / "logs", folder_.path()};
  const TaskStore store_{paths_.state_root()};
  const TimeZone zone_ = utc();
  const std::shared_ptr<const wire::Profile> profile_ = wire::profile_31(zone_);
  boost::asio::io_context io_;
  Log log_ = *Log::open(log_settings());
  Metrics metrics_;
  LoopMonitor monitor_{metrics_.loop, log_};
  WorkerLoop loop_{io_, EngineSettings{}, monitor_};
  StateKeeper keeper_{{io_, loop_, store_, paths_, zone_, *profile_, log_}};
};

TEST_F(StateKeeperTest, RemovesTheFolderOfAForgottenTask) {
  accept(34);
  keeper_.perform(action::Forget{34});
  EXPECT_TRUE(run_until(io_, [&] { return is_empty(); }));
  EXPECT_EQ(logged(), "");
}

TEST_F(StateKeeperTest, RemovesWhatAnEarlierRunHadOnlyMovedAway) {
  accept(34);
  ASSERT_TRUE(store_.forget(34));
  ASSERT_FALSE(is_empty());
  keeper_.perform(action::Scan{});
  EXPECT_TRUE(run_until(io_, [&] { return is_empty(); }));
}

TEST_F(StateKeeperTest, SaysWhichFolderItCannotRemoveAndGoesOn) {
  accept(34);
  const std::filesystem::path file = store_.folder(34) / "kept";
  ASSERT_TRUE(write_file(file, "", 0600, Durability::kAtomic));
  if (!set_immutable(file, true)) GTEST_SKIP() << "no immutable files here, by which root cannot remove a folder";
  const auto moved = store_.forget(34);
  ASSERT_TRUE(moved);
  immutable_ = *moved / "kept";
  accept(35);
  ASSERT_TRUE(store_.forget(35));
  keeper_.perform(action::Scan{});
  EXPECT_TRUE(run_until(io_, [&] { return logged().find("cannot remove") != std::string::npos; }));
  EXPECT_THAT(logged(), HasSubstr("cannot remove " + moved->string() + ": "));
  EXPECT_THAT(logged(), HasSubstr("the next start of the worker removes it"));
  EXPECT_TRUE(run_until(io_, [&] {
    const std::filesystem::directory_iterator left(paths_.state_root());
    return std::distance(begin(left), end(left)) == 1;
  })) << "the other one";
}

}  // namespace
}  // namespace porpoise
