#include "taskdir/result_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "model/host_protocol.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

class ResultFile : public testing::Test {
 protected:
  TaskResult some_result() const {
    TaskResult result;
    result.task_instance_id = 34;
    result.state = TaskState::kSuccess;
    result.message = "Grüße";
    result.app_ids = "application_1_0001";
    return result;
  }
  std::string text() const { return read_file(folder_.path() / kResultFile, 1U << 20U).value_or(""); }
  void put(const std::string& content) {
    ASSERT_TRUE(write_file(folder_.path() / kResultFile, content, 0600, Durability::kAtomic));
  }

  support::TempFolder folder_{"result"};
};

TEST_F(ResultFile, IsReadAsItWasWritten) {
  ASSERT_TRUE(write_result(folder_.path(), some_result(), nullptr));
  const auto read = read_result(folder_.path(), 34, nullptr);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(to_json(*read), to_json(some_result()));
}

TEST_F(ResultFile, IsNotFoundBeforeTheEnd) {
  EXPECT_EQ(read_result(folder_.path(), 34, nullptr).error().code(), ErrorCode::kNotFound);
}

TEST_F(ResultFile, WithAnyOneByteChangedIsNeverReadAsAnother) {
  ASSERT_TRUE(write_result(folder_.path(), some_result(), nullptr));
  const std::string whole = text();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
    put(damaged);
    const auto read = read_result(folder_.path(), 34, nullptr);
    if (!read) continue;  // what is read still: only the name of the checksum was hit
    EXPECT_EQ(to_json(*read), to_json(some_result())) << "byte " << at;
  }
}

TEST_F(ResultFile, ThatIsDamagedNamesTheFileAndTheReason) {
  ASSERT_TRUE(write_result(folder_.path(), some_result(), nullptr));
  std::string damaged = text();
  damaged.replace(damaged.find("application_1"), 13, "application_2");
  put(damaged);
  const auto read = read_result(folder_.path(), 34, nullptr);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ErrorCode::kInvalid);
  EXPECT_THAT(read.error().to_string(), HasSubstr((folder_.path() / kResultFile).string()));
  EXPECT_THAT(read.error().to_string(), HasSubstr("checksum"));
}

TEST_F(ResultFile, OfAVersionWithoutChecksumsIsRead) {
  put(dump_json(to_json(some_result())));
  EXPECT_TRUE(read_result(folder_.path(), 34, nullptr));
}

}  // namespace
}  // namespace porpoise
