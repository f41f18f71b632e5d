#include "taskdir/work_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/descriptor.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class WorkDirectory : public testing::Test {
 protected:
  WorkDirectory() {
    char name[] = "/tmp/porpoise-work-XXXXXX";
    top = ::mkdtemp(name);
    root = top / "data/exec/process";
    fs::create_directories(top / "victim/sub");
    std::ofstream(top / "victim/sub/precious.txt") << "x";
  }
  ~WorkDirectory() override { fs::remove_all(top); }

  // Of a master: etl/7/8_9/<workflow instance>/<task instance>.
  TaskRequest request(std::int64_t workflow_instance, std::int64_t task_instance) const {
    TaskRequest request;
    request.tenant_code = "etl";
    request.project_code = 7;
    request.process_define_code = 8;
    request.process_define_version = 9;
    request.process_instance_id = workflow_instance;
    request.task_instance_id = task_instance;
    request.execute_path =
        root.string() + "/etl/7/8_9/" + std::to_string(workflow_instance) + "/" + std::to_string(task_instance);
    request.log_path = top / "log/a.log";
    return request;
  }
  Status make(const TaskRequest& request) const { return make_work_directory(request, top / "state", nobody); }
  Status remove(const TaskRequest& request) const { return remove_work_directory(request, nobody); }
  bool victim_lives() const { return fs::exists(top / "victim/sub/precious.txt"); }

  fs::path top;
  fs::path root;
  const SudoUser nobody{"", ""};
};

TEST_F(WorkDirectory, IsMadeEmptyAndRemovedWithAllThatIsInIt) {
  const TaskRequest task = request(5, 201);
  ASSERT_TRUE(make(task));
  fs::create_directories(fs::path(task.execute_path) / "a/b");
  std::ofstream(task.execute_path + "/a/b/file") << "stale";
  fs::create_symlink(top / "victim", task.execute_path + "/link");
  ASSERT_TRUE(make(task)) << "what an earlier attempt has left is removed";
  EXPECT_TRUE(fs::is_empty(task.execute_path));
  fs::create_directory_symlink(top / "victim", task.execute_path + "/link");
  ASSERT_TRUE(remove(task));
  EXPECT_FALSE(fs::exists(task.execute_path));
  EXPECT_TRUE(victim_lives());
}

TEST_F(WorkDirectory, HasNoPartThatLeadsElsewhere) {
  for (const std::string& path : {root.string() + "/../../../victim", root.string() + "/./a", root.string() + "/a/..",
                                  std::string("a/b"), std::string("/"), std::string()}) {
    TaskRequest task = request(5, 201);
    task.execute_path = path;
    EXPECT_FALSE(check_work_directory(task, top / "state")) << path;
    EXPECT_FALSE(make(task)) << path;
  }
  EXPECT_TRUE(victim_lives());
}

TEST_F(WorkDirectory, NoLinkOnTheWayLeadsElsewhere) {
  fs::create_directories(root);
  const TaskRequest task = request(5, 201);
  fs::create_directories(top / "victim/7/8_9/5/201");
  fs::create_directory_symlink(top / "victim", root / "etl");
  EXPECT_FALSE(make(task));
  EXPECT_FALSE(remove(task));
  EXPECT_TRUE(fs::exists(top / "victim/7/8_9/5/201"));
}

TEST_F(WorkDirectory, ALinkInItsPlaceIsRemovedAndNotWhatItLeadsTo) {
  const TaskRequest task = request(5, 201);
  fs::create_directories(root / "etl/7/8_9/5");
  fs::create_directory_symlink(top / "victim", task.execute_path);
  ASSERT_TRUE(make(task));
  EXPECT_FALSE(fs::is_symlink(task.execute_path));
  EXPECT_TRUE(victim_lives());
}

TEST_F(WorkDirectory, NothingIsDoneInAFolderOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make one";
  const TaskRequest task = request(5, 201);
  fs::create_directories(task.execute_path);
  ASSERT_EQ(::chown((root / "etl").c_str(), 12345, 12345), 0);
  const Status made = make(task);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().to_string(), HasSubstr("belongs to another user (uid 12345)"));
  EXPECT_FALSE(remove(task));
  EXPECT_TRUE(fs::exists(task.execute_path));
}

// Forty tasks left an empty folder for each of their workflow instances.
TEST_F(WorkDirectory, EmptyFoldersOfItsWayGoWithTheLastTaskThatUsesThem) {
  const TaskRequest first = request(5, 201);
  const TaskRequest second = request(5, 202);
  const TaskRequest other = request(6, 203);
  for (const TaskRequest& task : {first, second, other}) ASSERT_TRUE(make(task));
  ASSERT_TRUE(remove(first));
  EXPECT_TRUE(fs::exists(second.execute_path));
  ASSERT_TRUE(remove(second));
  EXPECT_FALSE(fs::exists(root / "etl/7/8_9/5"));
  EXPECT_TRUE(fs::exists(other.execute_path));
  ASSERT_TRUE(remove(other));
  EXPECT_TRUE(fs::is_empty(root));
  ASSERT_TRUE(remove(other)) << "once more is no error";
}

TEST_F(WorkDirectory, OneIsMadeWhileAnotherOneOfTheSameInstanceGoes) {
  const auto come_and_go = [&](int id) {
    const TaskRequest task = request(5, id);
    for (int i = 0; i < 50; ++i) {
      const Status made = make(task);
      ASSERT_TRUE(made) << made.error().to_string();
      ASSERT_TRUE(fs::is_directory(task.execute_path));
      const Status removed = remove(task);
      ASSERT_TRUE(removed) << removed.error().to_string();
    }
  };
  std::thread one([&] { come_and_go(1); });
  come_and_go(2);
  one.join();
  EXPECT_TRUE(fs::is_empty(root));
}

// A level costs a descriptor: such a tree stayed for ever.
TEST_F(WorkDirectory, ATreeThatIsDeeperThanThereAreDescriptorsIsRemoved) {
  const TaskRequest task = request(5, 201);
  ASSERT_TRUE(make(task));
  UniqueFd at(::open(task.execute_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 600; ++i) {
    ASSERT_EQ(::mkdirat(at.get(), "d", 0700), 0);
    at = open_beneath(at.get(), "d", O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(at);
  }
  at.reset();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit few = before;
  few.rlim_cur = 128;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const Status removed = remove(task);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(removed) << removed.error().to_string();
  EXPECT_FALSE(fs::exists(task.execute_path));
}

TEST_F(WorkDirectory, OfAReplayItIsWhereItSaysAndLeavesWhatIsAroundIt) {
  TaskRequest task = request(5, 201);
  task.execute_path = top / "run/work/1/";
  ASSERT_TRUE(make(task));
  EXPECT_TRUE(fs::is_directory(top / "run/work/1"));
  ASSERT_TRUE(remove(task));
  EXPECT_TRUE(fs::is_empty(top / "run/work"));
}

}  // namespace
}  // namespace porpoise
