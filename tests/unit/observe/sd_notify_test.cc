// What systemd hears, with a socket of the test in its place.
#include "observe/sd_notify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstring>
#include <filesystem>

namespace porpoise {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;

// Receives like systemd, at a path or, with a leading '@', at an abstract address.
class Receiver {
 public:
  explicit Receiver(const std::string& address) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address.data(), address.size());
    if (address.front() == '@') name.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&name), length), 0) << std::strerror(errno);
  }
  // The next message; it has been sent before this is called. Empty when there is none.
  std::string receive() {
    char buffer[2048];
    const ssize_t count = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return count < 0 ? "" : std::string(buffer, static_cast<std::size_t>(count));
  }

 private:
  UniqueFd fd_;
};

std::string socket_path() { return testing::TempDir() + "notify." + std::to_string(::getpid()); }

TEST(SdNotify, TellsWhatSystemdWaitsFor) {
  const std::string path = socket_path();
  for (const std::string& address : {path, "@porpoise-test-" + std::to_string(::getpid())}) {
    Receiver systemd(address);
    const auto notify = SdNotify::open({.notify_socket = address});
    ASSERT_TRUE(notify) << notify.error().to_string();
    EXPECT_TRUE(notify->enabled());
    EXPECT_TRUE(notify->ready());
    EXPECT_EQ(systemd.receive(), "READY=1");
    EXPECT_TRUE(notify->status("3 tasks run\nREADY=0"));
    EXPECT_EQ(systemd.receive(), "STATUS=3 tasks run READY=0") << "one line";
    EXPECT_TRUE(notify->watchdog());
    EXPECT_EQ(systemd.receive(), "WATCHDOG=1");
    EXPECT_TRUE(notify->stopping());
    EXPECT_EQ(systemd.receive(), "STOPPING=1");
  }
  std::filesystem::remove(path);
}

TEST(SdNotify, IsSilentWhenNobodyAsked) {
  const auto notify = SdNotify::open({.watchdog_usec = "1000"});
  ASSERT_TRUE(notify);
  EXPECT_FALSE(notify->enabled());
  EXPECT_EQ(notify->watchdog_period(), std::nullopt);
  EXPECT_TRUE(notify->ready());
  EXPECT_TRUE(notify->status("x"));
}

TEST(SdNotify, SaysWhenNobodyListens) {
  const auto notify = SdNotify::open({.notify_socket = "/nonexistent/notify"});
  ASSERT_TRUE(notify);
  const Status sent = notify->ready();
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().to_string(), "cannot tell systemd READY=1: No such file or directory");
}

TEST(SdNotify, CallsTheWatchdogTwiceInItsTime) {
  const std::string own = std::to_string(::getpid());
  const auto period = [](std::string_view usec, std::string_view pid) {
    const auto notify = SdNotify::open({.notify_socket = "@x", .watchdog_usec = usec, .watchdog_pid = pid});
    EXPECT_TRUE(notify) << notify.error().to_string();
    return notify->watchdog_period();
  };
  EXPECT_EQ(period("30000000", ""), microseconds(15000000));
  EXPECT_EQ(period("30000000", own), microseconds(15000000));
  EXPECT_EQ(period("30000000", "1"), std::nullopt) << "it is meant for another process";
  EXPECT_EQ(period("", own), std::nullopt);
}

TEST(SdNotify, RefusesWhatSystemdWouldNotWrite) {
  const std::string long_path = "/" + std::string(200, 'x');
  for (const NotifyEnvironment& wrong : {
           NotifyEnvironment{.notify_socket = "relative/path"},
           NotifyEnvironment{.notify_socket = long_path},
           NotifyEnvironment{.notify_socket = "@x", .watchdog_usec = "soon"},
           NotifyEnvironment{.notify_socket = "@x", .watchdog_usec = "0"},
           NotifyEnvironment{.notify_socket = "@x", .watchdog_usec = "1", .watchdog_pid = "me"},
       }) {
    const auto notify = SdNotify::open(wrong);
    ASSERT_FALSE(notify) << wrong.notify_socket;
    EXPECT_EQ(notify.error().code(), ErrorCode::kInvalid);
  }
}

TEST(Watchdog, IsFedAgainAndAgainAsLongAsTheThreadWorks) {
  const std::string path = socket_path();
  Receiver systemd(path);
  const auto notify = SdNotify::open({.notify_socket = path, .watchdog_usec = "2000"});
  ASSERT_TRUE(notify) << notify.error().to_string();
  boost::asio::io_context io;
  const Watchdog watchdog(io, *notify);
  for (int fed = 0; fed < 3;) {
    ASSERT_EQ(io.run_one_for(std::chrono::seconds(10)), 1U);
    if (systemd.receive() == "WATCHDOG=1") ++fed;
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace porpoise
