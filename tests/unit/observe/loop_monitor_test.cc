#include "observe/loop_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

namespace porpoise {
namespace {

using testing::HasSubstr;
using testing::Not;

class Loop : public testing::Test {
 protected:
  Loop()
      : file_(std::tmpfile(), &std::fclose), log_(*Log::open({.target = file_.get()})), monitor_(metrics_.loop, log_) {}

  std::string log() {
    std::rewind(file_.get());
    std::string text(1 << 16, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file_.get()));
    return text;
  }
  std::string scrape() { return metrics_.scrape({}); }
  // Holds the loop for that long: this is what is measured, so it waits for the clock.
  static void hold(std::chrono::milliseconds time) {
    const auto end = LoopMonitor::Clock::now() + time;
    while (LoopMonitor::Clock::now() < end) std::this_thread::yield();
  }

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  Log log_;
  Metrics metrics_;
  LoopMonitor monitor_;
  boost::asio::io_context io_;
};

TEST_F(Loop, CountsHandlersByName) {
  for (int i = 0; i < 3; ++i) boost::asio::post(io_, monitor_.measured("PING", [] {}));
  boost::asio::post(io_, [&] { io_.stop(); });
  monitor_.run(io_);
  EXPECT_THAT(scrape(), HasSubstr(R"(porpoise_loop_handler_seconds_count{handler="PING"} 3)"));
  EXPECT_THAT(log(), Not(HasSubstr("PING")));
}

TEST_F(Loop, NamesAHandlerThatHeldIt) {
  boost::asio::post(io_, monitor_.measured("DISPATCH", [] { hold(LoopMonitor::kTooLong); }));
  boost::asio::post(io_, [&] { io_.stop(); });
  monitor_.run(io_);
  EXPECT_THAT(log(), HasSubstr("WARN"));
  EXPECT_THAT(log(), HasSubstr("handler=DISPATCH"));
  EXPECT_THAT(scrape(), HasSubstr(R"(porpoise_loop_handler_seconds_bucket{handler="DISPATCH",le="0.05"} 0)"));
}

TEST_F(Loop, MeasuresAHandlerWithoutAName) {
  boost::asio::post(io_, [] { hold(LoopMonitor::kTooLong); });
  boost::asio::post(io_, [&] { io_.stop(); });
  monitor_.run(io_);
  EXPECT_THAT(log(), HasSubstr("handler=other"));
}

TEST_F(Loop, AScopeWithinAnotherBelongsToIt) {
  {
    const LoopMonitor::Scope outer(monitor_, "outer");
    { const LoopMonitor::Scope inner(monitor_, "inner"); }
    ASSERT_TRUE(monitor_.current());
    EXPECT_EQ(monitor_.current()->handler, "outer");
  }
  EXPECT_FALSE(monitor_.current());
  EXPECT_THAT(scrape(), Not(HasSubstr("inner")));
}

TEST_F(Loop, AnotherThreadSeesTheHandlerThatDoesNotComeBack) {
  const LoopMonitor::Scope scope(monitor_, "stuck");
  std::optional<LoopMonitor::Current> seen;
  std::thread([&] { seen = monitor_.current(LoopMonitor::Clock::now() + std::chrono::seconds(5)); }).join();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->handler, "stuck");
  EXPECT_GE(seen->since, std::chrono::seconds(5));
}

}  // namespace
}  // namespace porpoise
