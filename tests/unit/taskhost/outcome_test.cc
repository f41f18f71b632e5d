#include "taskhost/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <porpoise/plugin.h>

namespace porpoise {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class Verdict : public testing::Test {
 protected:
  Verdict() {
    request.task_type = "SHELL";
    request.plugin = "/p/shell.so";
    request.timeout = std::chrono::milliseconds(90500);
    request.plugin_memory_bytes = 1U << 30U;
  }
  TaskResult verdict() const {
    TaskResult result;
    classify_outcome(request, end, result);
    return result;
  }

  TaskRequest request;
  TaskEnd end;
};

TEST_F(Verdict, OfSuccessHasNoMessage) {
  end.outcome = {PORPOISE_OK, 0, "all is well"};
  EXPECT_EQ(verdict().state, TaskState::kSuccess);
  EXPECT_EQ(verdict().message, "");
}

TEST_F(Verdict, OfAnOrderedEndDoesNotDependOnWhatThePluginSays) {
  end.outcome = {PORPOISE_OK, 0, ""};
  end.stop = StopReason::kCancelled;
  end.stop_text = "two\nlines";
  EXPECT_EQ(verdict().state, TaskState::kKill);
  EXPECT_EQ(verdict().message, "cancelled: two lines");
  end.stop = StopReason::kTimedOut;
  EXPECT_EQ(verdict().state, TaskState::kFailure);
  EXPECT_TRUE(verdict().timed_out);
  EXPECT_EQ(verdict().message, "timed out after 90.5 s (taskTimeout)");
}

TEST_F(Verdict, OfAPluginThatTimesOutByItselfIsThatOfATimeout) {
  end.outcome = {PORPOISE_TIMED_OUT, -1, "no answer"};
  EXPECT_TRUE(verdict().timed_out);
  EXPECT_EQ(verdict().message, "timed out after 90.5 s (taskTimeout): no answer");
}

TEST_F(Verdict, OfARunnerThatWentDownNamesPluginAndCause) {
  end.runner_status = 11;  // WIFSIGNALED
  EXPECT_EQ(verdict().message, "plugin SHELL (/p/shell.so) was ended by signal 11 (SIGSEGV)");
  end.runner_status = 3 << 8;
  EXPECT_THAT(verdict().message, EndsWith("called exit(3)"));
  end.runner_status = 0;
  EXPECT_THAT(verdict().message, EndsWith("called exit(0)"));
}

TEST_F(Verdict, MentionsMemoryWhenItWasNearTheCap) {
  end.runner_status = 6;
  end.runner_peak_bytes = (1U << 30U) - 1;
  EXPECT_THAT(verdict().message, EndsWith("; it had used 1023 of the 1024 MiB that it may"));
  end.runner_peak_bytes = 1U << 29U;
  EXPECT_THAT(verdict().message, Not(HasSubstr("MiB")));
}

TEST_F(Verdict, AlwaysHasAReasonForAFailure) {
  for (const int status :
       std::initializer_list<int>{PORPOISE_FAILED, PORPOISE_CANCELLED, PORPOISE_TIMED_OUT, PORPOISE_INVALID_PARAMS,
                                  PORPOISE_UNAVAILABLE, PORPOISE_INTERNAL, -5, 1000}) {
    end.outcome = {status, -1, ""};
    EXPECT_EQ(verdict().state, TaskState::kFailure) << status;
    EXPECT_NE(verdict().message, "") << status;
  }
}

// Each quote becomes four bytes on its way to the master.
TEST(HandOn, FailsATaskWhoseParametersNoMasterCouldBeSent) {
  TaskRequest request;
  request.var_pool = {{"before", Direct::kOut, "VARCHAR", "1"}};
  TaskResult result;
  result.state = TaskState::kSuccess;
  hand_on(request,
          {{"small", Direct::kOut, "VARCHAR", "2"}, {"x", Direct::kOut, "VARCHAR", std::string(16U << 20U, 'x')}},
          result);
  EXPECT_EQ(result.state, TaskState::kSuccess);
  EXPECT_EQ(result.var_pool.size(), 2U);
  hand_on(request, {{"quotes", Direct::kOut, "VARCHAR", std::string(16U << 20U, '"')}}, result);
  EXPECT_EQ(result.state, TaskState::kFailure);
  EXPECT_THAT(result.message, HasSubstr("are together 64 MiB as they would be sent, more than 48 MiB, the largest of "
                                        "them 'quotes': let the task write a file"));
  ASSERT_EQ(result.var_pool.size(), 1U);
  EXPECT_EQ(result.var_pool[0].prop, "before");
}

TEST_F(Verdict, CutsEndlessMessages) {
  end.outcome = {PORPOISE_FAILED, 1, std::string(1U << 20U, 'x')};
  EXPECT_LE(verdict().message.size(), 2000U);
}

TEST_F(Verdict, OfAFetchThatDiedDoesNotBlameThePlugin) {
  end.fetching = true;
  end.runner_status = SIGSEGV;
  EXPECT_EQ(verdict().message, "porpoise-fetch, which was fetching resources, was ended by signal 11 (SIGSEGV)");
}

}  // namespace
}  // namespace porpoise
