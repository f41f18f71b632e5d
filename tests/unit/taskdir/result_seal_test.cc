
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include <gtest/gtest.h>
#include "base/descriptor.h"
#include "base/file.h"
#include "base/json.h"
#include "model/host_protocol.h"
#include "support/temp_folder.h"
#include "taskdir/result_file.h"

namespace porpoise {
namespace {

TaskResult success(std::int64_t id) {
  TaskResult result;
  result.task_instance_id = id;
  result.state = TaskState::kSuccess;
  return result;
}

class ResultSealTest : public testing::Test {
 protected:
  std::shared_ptr<const ResultSeal> open(const std::set<std::int64_t>& unsealed = {}) {
    auto opened = ResultSeal::open(file_, unsealed);
    EXPECT_TRUE(opened) << opened.error().to_string();
    problem_ = opened->problem;
    return opened->seal;
  }

  support::TempFolder folder_{"seal"};
  const std::filesystem::path file_ = folder_.path() / "seal.json";
  std::string problem_;
};

TEST_F(ResultSealTest, KnowsItsOwnSealsAfterARestart) {
  const std::string seal = open()->seal("text");
  EXPECT_EQ(seal.size(), 64U);
  const auto later = open();
  EXPECT_TRUE(later->fits("text", seal));
  EXPECT_FALSE(later->fits("texts", seal));
  EXPECT_FALSE(later->fits("text", seal.substr(1)));
  EXPECT_FALSE(later->fits("text", ""));
}

// RFC 4231 has no case with a key of 32 bytes; this is its case 1 with the key padded by zeros, as HMAC does itself.
TEST_F(ResultSealTest, IsHmacSha256) {
  std::ofstream(file_)
      << R"({"v":1,"unsealed":[],"key":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b000000000000000000000000"})";
  std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
  EXPECT_EQ(open()->seal("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

// A task of the worker's own user opened it to all, and every running task failed after the next restart.
TEST_F(ResultSealTest, AFileThatOthersMayReadIsClosedAgainAndItsKeyStays) {
  const std::string seal = open()->seal("text");
  std::filesystem::permissions(file_, std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  EXPECT_TRUE(open()->fits("text", seal));
  EXPECT_NE(problem_.find("its mode of 0600 again"), std::string::npos) << problem_;
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_FALSE(std::filesystem::exists(file_.string() + ".broken"));
}

TEST_F(ResultSealTest, ADamagedFileIsPutAsideAndExemptsNobody) {
  std::ofstream(file_) << R"({"v":1,"ke)";
  std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
  EXPECT_FALSE(open({7})->is_exempt(7));
  EXPECT_NE(problem_, "");
  open();
  EXPECT_EQ(problem_, "");
}

TEST_F(ResultSealTest, OnlyTasksOfBeforeItsFirstStartNeedNoSeal) {
  EXPECT_TRUE(open({7})->is_exempt(7));
  const auto later = open({7, 8});
  EXPECT_TRUE(later->is_exempt(7));
  EXPECT_FALSE(later->is_exempt(8));
}

TEST_F(ResultSealTest, AForkDoesNotHaveTheKey) {
  const auto seal = open();
  const std::string right = seal->seal("text");
  const pid_t child = ::fork();
  if (child == 0) ::_exit(seal->fits("text", right) ? 1 : 0);
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(ResultSealTest, AHostGetsItAsTheFirstPacket) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()), 0);
  const UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  const auto seal = open();
  EXPECT_FALSE(ResultSeal::receive(theirs.get())) << "nothing has been sent";
  ASSERT_TRUE(seal->send_to(ours.get()));
  const auto received = ResultSeal::receive(theirs.get());
  ASSERT_TRUE(received);
  EXPECT_TRUE((*received)->fits("text", seal->seal("text")));
}

TEST_F(ResultSealTest, AResultWithoutASealOrWithThatOfAnotherTaskIsRefused) {
  const auto seal = open({5});
  const auto path = folder_.path();
  ASSERT_TRUE(write_result(path, success(1), seal.get()));
  EXPECT_TRUE(read_result(path, 1, seal.get()));
  const auto of_another = read_result(path, 2, seal.get());
  ASSERT_FALSE(of_another);
  EXPECT_EQ(of_another.error().code(), ErrorCode::kDenied);
  ASSERT_TRUE(write_result(path, success(1), nullptr));
  const auto unsealed = read_result(path, 1, seal.get());
  ASSERT_FALSE(unsealed);
  EXPECT_NE(unsealed.error().to_string().find("its result was not written by its host"), std::string::npos);
  EXPECT_TRUE(read_result(path, 5, seal.get())) << "its host was of a version without seals";
  EXPECT_TRUE(read_result(path, 1, nullptr)) << "no worker asks";
}

TEST_F(ResultSealTest, AChangedResultIsRefusedHoweverItsChecksumFits) {
  const auto seal = open();
  ASSERT_TRUE(write_result(folder_.path(), success(1), seal.get()));
  auto json = parse_json(read_file(folder_.path() / kResultFile, 4096).value()).value();
  json["exitCode"] = 3;
  json.erase("crc32");
  std::ofstream(folder_.path() / kResultFile) << dump_json(json);
  const auto changed = read_result(folder_.path(), 1, seal.get());
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), ErrorCode::kDenied);
}

}  // namespace
}  // namespace porpoise
