// The registration beside a loop that is at work, or hangs.
#include "registry/registration_thread.h"

#include <atomic>
#include <future>

#include "unit/registry/zookeeper_case.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;

class Beside : public ZookeeperCase, public RegistrationEvents {
 protected:
  void on_registered(bool resumed, std::int64_t startup_time_ms) override {
    note((resumed ? "resumed " : "registered ") + std::to_string(startup_time_ms));
  }
  void on_expired(std::string_view why) override { note("expired: " + std::string(why)); }
  void on_masters(const std::vector<std::string>& addresses) override {
    for (const auto& address : addresses) note("master " + address);
  }
  void note(const std::string& event) {
    EXPECT_EQ(std::this_thread::get_id(), control_);
    events_.push_back(event);
  }
  bool sees(const std::string& event) {
    return run_until(io, [&] { return std::find(events_.begin(), events_.end(), event) != events_.end(); });
  }

  RegistrationSources sources() {
    return {
        [this] {
          EXPECT_EQ(std::this_thread::get_id(), control_);
          return levels_;
        },
        [this](std::int64_t startup_time_ms, const LoopLevels& levels) {
          ++beats_;
          return dump_json(OrderedJson{
              {"startupTime", startup_time_ms}, {"waiting", levels.waiting_tasks}, {"unwilling", levels.unwilling}});
        }};
  }
  // The node, as another client sees it on its own io_context: the worker's loop hangs meanwhile.
  template <typename Condition>
  bool node_comes_to(Condition condition) {
    boost::asio::io_context other;
    Observer observer(other, server->connect_string());
    if (!observer.connect()) return false;
    return run_until(other, [&] { return condition(observer.get(kNode)); });
  }
  static bool is_unwilling(const std::optional<ZookeeperNode>& node) {
    return node && node->data.find("\"unwilling\":true") != std::string::npos;
  }

  const std::thread::id control_ = std::this_thread::get_id();
  LoopLevels levels_;
  std::atomic<int> beats_ = 0;
  std::vector<std::string> events_;
};

TEST_F(Beside, TellsOnTheControlThread) {
  Observer observer(io, server->connect_string());
  ASSERT_TRUE(observer.connect());
  observer.make_parents();
  RegistrationThread registration(io, options(), sources(), *this);
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  EXPECT_TRUE(observer.get(kNode));
}

TEST_F(Beside, KeepsItsNodeFreshWhileTheLoopIsHeldUp) {
  RegistrationThread registration(io, options(), sources(), *this);
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  const int before = beats_;
  // This thread is the loop, and does not come round.
  EXPECT_TRUE(node_comes_to([&](const auto& node) { return node && beats_ > before + 5; }));
  EXPECT_THAT(events_, testing::Not(Contains(HasSubstr("expired"))));
}

TEST_F(Beside, AsksForNoTasksWhileTheLoopHangs) {
  RegistrationThread registration(io, options(), sources(), *this, milliseconds(100));
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  EXPECT_TRUE(node_comes_to(is_unwilling));
}

TEST_F(Beside, GivesTheSessionUpWhenTheLoopHangsForAsLongAsItLasts) {
  RegistrationThread registration(io, options(), sources(), *this, milliseconds(100));
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  EXPECT_TRUE(node_comes_to([](const auto& node) { return !node; }));
  EXPECT_TRUE(run_until(io, [&] { return events_.back().starts_with("expired"); }));
  EXPECT_THAT(events_.back(), HasSubstr("the worker's own loop has not come round for"));
  registration.register_again(2000);
  EXPECT_TRUE(sees("registered 2000"));
}

TEST_F(Beside, ARefreshSaysHowTheLoopIsNow) {
  RegistrationOptions rare = options();
  rare.heartbeat_interval = std::chrono::hours(1);
  RegistrationThread registration(io, rare, sources(), *this);
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  levels_ = {7, true};
  registration.refresh();
  EXPECT_TRUE(node_comes_to(
      [](const auto& node) { return is_unwilling(node) && node->data.find("\"waiting\":7") != std::string::npos; }));
}

TEST_F(Beside, IsGoneWhenItIsClosed) {
  RegistrationThread registration(io, options(), sources(), *this);
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  bool closed = false;
  registration.close([&] { closed = true; });
  EXPECT_FALSE(closed);
  ASSERT_TRUE(run_until(io, [&] { return closed; }));
  EXPECT_TRUE(node_comes_to([](const auto& node) { return !node; }));
  EXPECT_FALSE(std::filesystem::exists(options().session_file));
}

// A session that a restart must not take over is not on disk, whatever the registration's thread does.
TEST_F(Beside, WhetherItMayBeTakenOverIsOnDiskAtOnce) {
  RegistrationThread registration(io, options(), sources(), *this);
  registration.start();
  ASSERT_TRUE(sees("registered 1000"));
  ASSERT_TRUE(registration.allow_takeover(false));
  EXPECT_FALSE(std::filesystem::exists(options().session_file));
  ASSERT_TRUE(registration.allow_takeover(true));
  EXPECT_TRUE(std::filesystem::exists(options().session_file));
}

}  // namespace
}  // namespace porpoise
