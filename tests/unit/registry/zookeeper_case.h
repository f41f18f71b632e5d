// What tests against a real ZooKeeper share: an io_context that runs until something has happened, somebody who looks
// into the tree from outside, as a master does, and a worker whose events are written down.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "registry/registration.h"
#include "registry/zookeeper_client.h"
#include "support/run_until.h"
#include "support/zookeeper_server.h"

namespace porpoise {

inline const std::string kAddress = "10.0.0.1:1234";
inline const std::string kNode = "/dolphinscheduler/nodes/worker/10.0.0.1:1234";
inline const std::string kMasters = "/dolphinscheduler/nodes/master";

// Handles events until `done`; false when that takes too long.
inline bool run_until(boost::asio::io_context& io, const std::function<bool()>& done,
                      std::chrono::seconds limit = std::chrono::seconds(30)) {
  return support::run_until(io, done, limit);
}

// A client of its own, whose calls wait for their answers.
class Observer final : public ZookeeperListener {
 public:
  Observer(boost::asio::io_context& io, const std::string& servers,
           std::optional<ZookeeperSession> resume = std::nullopt, const std::string& digest = "")
      : io_(io) {
    const auto parsed = parse_connect_string(servers);
    EXPECT_TRUE(parsed);
    client = std::make_unique<ZookeeperClient>(
        io, ZookeeperClient::Options{*parsed, std::chrono::seconds(10), digest, resume}, *this);
  }

  bool connect() {
    return run_until(io_, [&] { return client->handle() != nullptr; });
  }
  std::optional<ZookeeperNode> get(const std::string& path, bool watch = false) {
    return wait<std::optional<ZookeeperNode>>([&](auto then) { client->handle()->get(path, watch, then); })
        .value_or(std::nullopt);
  }
  Result<bool> create(const std::string& path, const std::string& data, NodeMode mode) {
    return wait<bool>([&](auto then) { client->handle()->create(path, data, mode, then); });
  }
  Result<std::optional<std::int32_t>> set(const std::string& path, const std::string& data) {
    return wait<std::optional<std::int32_t>>([&](auto then) { client->handle()->set(path, data, -1, then); });
  }
  Result<bool> remove(const std::string& path) {
    return wait<bool>([&](auto then) { client->handle()->remove(path, -1, then); });
  }
  void make_parents() {
    for (const char* path : {"/dolphinscheduler", "/dolphinscheduler/nodes", "/dolphinscheduler/nodes/worker",
                             "/dolphinscheduler/nodes/master"})
      EXPECT_TRUE(create(path, "", NodeMode::kPersistent));
  }

  void on_connected(const ZookeeperSession& connected) override { session = connected; }
  void on_disconnected() override { ++disconnects; }
  void on_expired() override { expired = true; }
  void on_attempt_failed(const Error& error) override { failures.push_back(error.to_string()); }
  void on_changed(const std::string& path) override { changes.push_back(path); }
  void on_log(std::string_view) override {}

  std::unique_ptr<ZookeeperClient> client;
  ZookeeperSession session;
  bool expired = false;
  int disconnects = 0;
  std::vector<std::string> failures;
  std::vector<std::string> changes;

 private:
  template <typename T, typename Start>
  Result<T> wait(const Start& start) {
    if (client->handle() == nullptr) return fail(ErrorCode::kUnavailable, "not connected");
    auto answer = std::make_shared<std::optional<Result<T>>>();
    start([answer](Result<T> result) { *answer = std::move(result); });
    if (!run_until(io_, [&] { return answer->has_value(); })) return fail(ErrorCode::kTimeout, "no answer");
    return **answer;
  }

  boost::asio::io_context& io_;
};

// One worker process, as far as its registration goes.
class TestWorker final : public RegistrationListener {
 public:
  TestWorker(boost::asio::io_context& io, RegistrationOptions options) : io_(io) {
    registration = std::make_unique<Registration>(io, std::move(options), *this);
    registration->start();
  }

  // Whether `event` comes, after what was seen before.
  bool sees(const std::string& event, std::chrono::seconds limit = std::chrono::seconds(30)) {
    const auto where = [&] {
      return std::find(events.begin() + static_cast<std::ptrdiff_t>(seen_), events.end(), event);
    };
    if (!run_until(
            io_, [&] { return where() != events.end(); }, limit))
      return false;
    seen_ = static_cast<std::size_t>(where() - events.begin()) + 1;
    return true;
  }

  std::string heartbeat(std::int64_t startup_time_ms) override {
    return dump_json(
        OrderedJson{{"startupTime", startup_time_ms}, {"reportTime", ++beats}, {"processId", 77}, {"serverStatus", 0}});
  }
  void on_registered(bool resumed, std::int64_t startup_time_ms) override {
    events.push_back((resumed ? "resumed " : "registered ") + std::to_string(startup_time_ms));
  }
  void on_suspended() override { events.emplace_back("suspended"); }
  void on_reconnected() override { events.emplace_back("reconnected"); }
  void on_expired(std::string_view why) override {
    events.emplace_back("expired");
    reasons.emplace_back(why);
  }
  void on_problem(const Error& error) override {
    events.push_back("problem " + std::string(to_string(error.code())));
    reasons.push_back(error.to_string());
  }
  void on_masters(const std::vector<std::string>& addresses) override {
    std::string text = "masters";
    for (const auto& address : addresses) text += " " + address;
    events.push_back(text);
  }
  void on_warning(std::string_view text) override { warnings.emplace_back(text); }
  void on_log(std::string_view line) override { log += std::string(line) + "\n"; }

  std::unique_ptr<Registration> registration;
  std::vector<std::string> warnings;
  std::vector<std::string> events;
  std::vector<std::string> reasons;
  std::string log;
  int beats = 0;

 private:
  boost::asio::io_context& io_;
  std::size_t seen_ = 0;
};

// A test with a server of its own, started when it is asked for.
class ZookeeperCase : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = support::ZookeeperServer::missing(); !why.empty()) GTEST_SKIP() << why;
    std::string name = (std::filesystem::path(testing::TempDir()) / "registry_XXXXXX").native();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    server = std::make_unique<support::ZookeeperServer>(support::ZookeeperServer::Options{kTick, start_server});
    ASSERT_EQ(server->problem(), "");
  }
  void TearDown() override {
    server.reset();
    if (!folder.empty()) std::filesystem::remove_all(folder);
  }

  RegistrationOptions options(std::int64_t startup_time_ms = 1000) const {
    RegistrationOptions result;
    result.servers = parse_connect_string(server->connect_string()).value_or(ConnectString{});
    result.session_timeout = kSessionTimeout;
    result.address = kAddress;
    result.session_file = folder / "session.json";
    result.boot_id = "this boot";
    result.startup_time_ms = startup_time_ms;
    result.heartbeat_interval = std::chrono::milliseconds(200);
    result.rival_wait = std::chrono::milliseconds(600);
    return result;
  }

  static constexpr std::chrono::milliseconds kTick{200};
  static constexpr std::chrono::milliseconds kSessionTimeout{3000};  // long enough for a busy machine
  bool start_server = true;
  boost::asio::io_context io;
  std::filesystem::path folder;
  std::unique_ptr<support::ZookeeperServer> server;
};

}  // namespace porpoise
