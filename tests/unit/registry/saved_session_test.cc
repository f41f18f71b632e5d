#include "registry/node_claim.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"

namespace porpoise {
namespace {

class SavedSessionTest : public testing::Test {
 protected:
  SavedSessionTest() {
    std::string name = (std::filesystem::path(testing::TempDir()) / "session_XXXXXX").native();
    if (::mkdtemp(name.data()) != nullptr) folder_ = name;
  }
  ~SavedSessionTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path file() const { return folder_ / "session.json"; }
  bool is_refused(const std::string& text) const {
    return write_file(file(), text, 0600, Durability::kAtomic).has_value() && !load_session(file());
  }

  std::filesystem::path folder_;
};

SavedSession sample() {
  SavedSession saved;
  saved.session.id = 0x100001b51790005;
  saved.session.password = {'\0', '\x7f', '\x80', '\xff', 'a'};
  saved.session.timeout = std::chrono::milliseconds(40000);
  saved.servers = "zk:2181/ds";
  saved.name_space = "dolphinscheduler";
  saved.address = "10.0.0.1:1234";
  saved.boot_id = "b";
  saved.startup_time_ms = 1795467777522;
  return saved;
}

TEST_F(SavedSessionTest, ComesBackAsItWas) {
  ASSERT_TRUE(save_session(file(), sample()));
  const auto loaded = load_session(file());
  ASSERT_TRUE(loaded) << loaded.error().to_string();
  ASSERT_TRUE(*loaded);
  const SavedSession& saved = **loaded;
  EXPECT_EQ(saved.session.id, sample().session.id);
  EXPECT_EQ(saved.session.password, sample().session.password);
  EXPECT_EQ(saved.session.timeout, sample().session.timeout);
  EXPECT_EQ(saved.servers, "zk:2181/ds");
  EXPECT_EQ(saved.name_space, "dolphinscheduler");
  EXPECT_EQ(saved.address, "10.0.0.1:1234");
  EXPECT_EQ(saved.boot_id, "b");
  EXPECT_EQ(saved.startup_time_ms, sample().startup_time_ms);
}

TEST_F(SavedSessionTest, IsForItsOwnerOnly) {
  ASSERT_TRUE(save_session(file(), sample()));
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(SavedSessionTest, IsNoErrorWhenThereIsNone) {
  const auto loaded = load_session(file());
  ASSERT_TRUE(loaded);
  EXPECT_FALSE(*loaded);
}

TEST_F(SavedSessionTest, ThatIsDamagedIsRefused) {
  ASSERT_TRUE(save_session(file(), sample()));
  const std::string text = read_file(file(), 4096).value_or("");
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_TRUE(is_refused(text.substr(0, size))) << size;
  EXPECT_TRUE(is_refused("[]"));
  EXPECT_TRUE(is_refused("1"));
  EXPECT_TRUE(is_refused(R"({"v":1,"sessionId":0,"password":"00000000000000000000000000000000"})"));
  EXPECT_TRUE(is_refused(R"({"v":1,"sessionId":5,"password":"000000000000000000000000000000g0"})"));
  EXPECT_TRUE(is_refused(R"({"v":1,"sessionId":5,"password":"00"})"));
}

}  // namespace
}  // namespace porpoise
