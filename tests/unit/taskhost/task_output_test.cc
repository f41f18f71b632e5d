// What a task prints, as its log has it.
#include "taskhost/task_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/file.h"
#include "support/temp_folder.h"

namespace porpoise {
namespace {

using testing::HasSubstr;
using testing::Not;

class Printed : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(folder_.problem(), ""); }

  // The log after these parts have come, each as it was read.
  std::string log_of(const std::vector<std::string>& parts) {
    const auto file = folder_.path() / "task.log";
    std::filesystem::remove(file);
    auto log = TaskLog::open(file);
    EXPECT_TRUE(log);
    TaskOutput output(*log, {});
    for (const std::string& part : parts) {
      output.from_children(part);
      if (output.has_news()) news_ += output.take_news();
    }
    output.finish();
    log->flush();
    return read_file(file, 1U << 24U).value_or("");
  }

  support::TempFolder folder_{"printed"};
  std::string news_;
};

TEST_F(Printed, HidesAPasswordWhereverAReadEnds) {
  const std::string text = "before\n{\"Password\": \"canary\", \"user\": \"me\"}\nafter\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string log = log_of({text.substr(0, cut), text.substr(cut)});
    EXPECT_THAT(log, HasSubstr("{\"Password\": \"******\", \"user\": \"me\"}\n")) << "cut after " << cut;
    EXPECT_THAT(log, Not(HasSubstr("canary")));
  }
  EXPECT_THAT(news_, Not(HasSubstr("canary")));
}

// Lines that are too long for log viewers are cut, and the rest of a password was readable in the next one.
TEST_F(Printed, HidesAPasswordWhereverALongLineIsCut) {
  const std::string secret = "\"password\":\"canary-canary\",\"user\":\"me\"";
  for (std::size_t before = kMaxLineBytes - secret.size() - 1; before <= kMaxLineBytes + 1; ++before) {
    const std::string log = log_of({std::string(before, 'x') + secret + "\n"});
    EXPECT_THAT(log, Not(HasSubstr("nary"))) << "after " << before << " bytes";
    EXPECT_THAT(log, Not(HasSubstr("-ca")));
  }
  EXPECT_THAT(news_, Not(HasSubstr("nary")));
}

class Outputs : public Printed {
 protected:
  // What the task hands on after it printed `text`.
  PropertyList pool_after(const std::string& text) {
    auto log = TaskLog::open(folder_.path() / "task.log");
    EXPECT_TRUE(log);
    TaskOutput output(*log, {{"v", Direct::kOut, "VARCHAR", "unset"}});
    for (std::size_t at = 0; at < text.size(); at += 65536)
      output.from_children(std::string_view(text).substr(at, 65536));
    output.finish();
    log->flush();
    refusal_ = output.refusal();
    return output.var_pool({});
  }

  std::string refusal_;
};

TEST_F(Outputs, AreWholeUpToTheLimit) {
  for (const std::size_t size : {140'000UL, kMaxSetValueBytes - 15}) {
    const PropertyList pool = pool_after("${setValue(v=" + std::string(size, 'x') + ")}\n");
    ASSERT_EQ(pool.size(), 1U);
    EXPECT_EQ(pool[0].value.size(), size);
    EXPECT_EQ(refusal_, "");
  }
}

// They were lost, and the task was SUCCESS with the default.
TEST_F(Outputs, BeyondTheLimitFailTheTaskByName) {
  pool_after("before\n${setValue(v=" + std::string(kMaxSetValueBytes, 'x') + ")}\nafter\n");
  EXPECT_EQ(refusal_, "the value of OUT parameter 'v' is larger than 16 MiB");
  pool_after("${setValue(other=" + std::string(kMaxSetValueBytes, 'x') + ")}\n");
  EXPECT_EQ(refusal_, "") << "nobody declared it";
}

}  // namespace
}  // namespace porpoise
