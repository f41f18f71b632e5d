#include "base/blocking_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr milliseconds kLong{60'000};
constexpr milliseconds kShort{20};

// A call that hangs until it is let go of, as a name service that does not answer.
class Hanging {
 public:
  ~Hanging() { let_go(); }
  auto work(std::string value) {
    return [released = released_, value = std::move(value)]() -> Result<std::string> {
      released.wait();
      return value;
    };
  }
  void let_go() {
    if (!std::exchange(let_go_, true)) release_.set_value();
  }

 private:
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  bool let_go_ = false;
};

class Calls : public testing::Test {
 protected:
  void take(const std::string& name, const Result<std::string>& result) {
    heard_.push_back(name + ": " + (result ? *result : result.error().to_string()));
  }
  auto heard(const std::string& name) {
    return [this, name](const Result<std::string>& result) { take(name, result); };
  }
  static Result<std::string> fine() { return "fine"; }

  template <typename Condition>
  void run_until(Condition condition) {
    while (!condition()) {
      io_.restart();
      io_.run_one_for(milliseconds(10));
    }
  }

  boost::asio::io_context io_;
  std::vector<std::string> heard_;
};

TEST_F(Calls, AnswerOnTheThreadThatAsked) {
  BlockingCalls calls(io_);
  std::thread::id on;
  calls.call(
      "it", kLong, [] { return Result<std::thread::id>(std::this_thread::get_id()); },
      [&](Result<std::thread::id> result) {
        on = *result;
        take("it", "done");
      });
  EXPECT_EQ(calls.unfinished(), 1U);
  EXPECT_THAT(heard_, testing::IsEmpty());
  io_.run();
  EXPECT_THAT(heard_, ElementsAre("it: done"));
  EXPECT_NE(on, std::this_thread::get_id());
  EXPECT_EQ(calls.unfinished(), 0U);
}

TEST_F(Calls, AreGivenUpOnAtTheirDeadlineAndAnotherThreadTakesTheirPlace) {
  Hanging hanging;
  BlockingCalls calls(io_, {.threads = 1});
  calls.call("the look-up", kShort, hanging.work("late"), heard("first"), heard("late"));
  calls.call("another", kLong, fine, heard("second"));
  io_.run();
  EXPECT_THAT(heard_, ElementsAre("first: the look-up has not come back within 0.02 s", "second: fine"));
  EXPECT_EQ(calls.hung(), 1U);
  hanging.let_go();
  run_until([&] { return calls.hung() == 0; });
  EXPECT_THAT(heard_.back(), "late: late");
}

TEST_F(Calls, ThatAllHangAreBoundedAndWhatWaitsBehindThemIsTold) {
  Hanging hanging;
  BlockingCalls calls(io_, {.threads = 1, .max_hung = 2});
  for (int i = 0; i < 3; ++i) calls.call("a call", kShort, hanging.work(""), heard("x"));
  io_.run();
  EXPECT_EQ(calls.hung(), 2U);
  ASSERT_EQ(heard_.size(), 3U);
  EXPECT_THAT(heard_[2], HasSubstr("a call was not tried: 2 earlier calls have not come back"));
  calls.call("one more", kLong, fine, heard("y"));
  io_.restart();
  io_.run();
  EXPECT_THAT(heard_.back(), HasSubstr("one more was not tried"));
  hanging.let_go();
  run_until([&] { return calls.hung() == 0; });
  calls.call("and now", kLong, fine, heard("z"));
  run_until([&] { return heard_.back() == "z: fine"; });
}

TEST_F(Calls, BeyondTheirNumberAreRefused) {
  Hanging hanging;
  BlockingCalls calls(io_, {.threads = 1, .max_waiting = 1});
  calls.call("first", kLong, hanging.work("first"), heard("1"));
  calls.call("second", kLong, fine, heard("2"));
  calls.call("third", kLong, fine, heard("3"));
  run_until([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre(HasSubstr("3: third was not tried: 1 others wait")));
  hanging.let_go();
  run_until([&] { return heard_.size() == 3; });
}

TEST_F(Calls, WaitForAThreadNoLongerThanTheyMay) {
  Hanging hanging;
  BlockingCalls calls(io_, {.threads = 1, .max_wait = kShort});
  calls.call("first", kLong, hanging.work("first"), heard("1"));
  calls.call("second", kLong, fine, heard("2"));
  run_until([&] { return !heard_.empty(); });
  EXPECT_THAT(heard_, ElementsAre("2: second was not tried: it has waited for 0.02 s behind others"));
  hanging.let_go();
  run_until([&] { return heard_.size() == 2; });
}

// Of this process, by the name that they give themselves.
std::size_t threads_for_calls() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm"), name);
    count += name == "blocking-call" ? 1 : 0;
  }
  return count;
}

TEST_F(Calls, ThatAreOverLeaveNoThreadBehind) {
  run_until([&] { return threads_for_calls() == 0; });  // those of other tests
  BlockingCalls calls(io_, {.threads = 4, .max_idle = milliseconds(1)});
  for (std::size_t round = 1; round <= 2; ++round) {
    calls.call("a call", kLong, fine, heard("it"));
    run_until([&] { return heard_.size() == round; });
    run_until([&] { return threads_for_calls() == 0; });
  }
  EXPECT_THAT(heard_, ElementsAre("it: fine", "it: fine"));
}

TEST_F(Calls, ShareOneThreadWhenTheyComeOneAfterTheOther) {
  run_until([&] { return threads_for_calls() == 0; });
  BlockingCalls calls(io_, {.threads = 4, .max_idle = kLong});
  for (std::size_t round = 1; round <= 10; ++round) {
    calls.call("a call", kLong, fine, heard("it"));
    run_until([&] { return heard_.size() == round; });
    EXPECT_EQ(threads_for_calls(), 1U);
  }
}

TEST_F(Calls, AreForgottenWithTheirPool) {
  Hanging hanging;
  {
    BlockingCalls calls(io_, {.threads = 1});
    calls.call("it", kShort, hanging.work("x"), heard("it"));
    calls.call("behind it", kShort, fine, heard("behind it"));
  }  // waits for its deadline, no longer
  io_.run();
  EXPECT_THAT(heard_, testing::IsEmpty());
}

}  // namespace
}  // namespace porpoise
