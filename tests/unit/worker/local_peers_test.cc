// Who is at the other end of a connection from this machine: real sockets, held by real processes. A task dispatched
// tasks as another user, as it had the address of a master.
#include "worker/peer_authorizer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "base/descriptor.h"
#include "process/socket_owner.h"

namespace porpoise {
namespace {

using testing::HasSubstr;

constexpr uid_t kStranger = 65534;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

SocketEnd end_of(std::uint16_t port) { return {*parse_ip("127.0.0.1"), port}; }

UniqueFd listen_anywhere() {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd.get(), 8), 0);
  return fd;
}

std::uint16_t port_of(const UniqueFd& fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// A process that is connected to the worker's port, and listens on one of its own.
class Peer {
 public:
  struct Options {
    uid_t uid = 0;         // 0: this one's
    bool session = false;  // of its own, as a task host has one
    bool closes = false;   // its end at once
  };
  Peer(std::uint16_t worker, Options options) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const UniqueFd from(ends[0]), to(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      if (options.session) ::setsid();
      if (options.uid != 0 && ::setresuid(options.uid, options.uid, options.uid) != 0) ::_exit(1);
      const UniqueFd own = listen_anywhere();
      UniqueFd connected(::socket(AF_INET, SOCK_STREAM, 0));
      const sockaddr_in address = loopback(worker);
      if (::connect(connected.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) ::_exit(1);
      const std::uint16_t ports[] = {port_of(connected), port_of(own)};
      if (options.closes) connected = UniqueFd();
      if (::write(to.get(), ports, sizeof ports) != sizeof ports) ::_exit(1);
      while (true) ::pause();
    }
    std::uint16_t ports[2] = {0, 0};
    EXPECT_EQ(::read(from.get(), ports, sizeof ports), static_cast<ssize_t>(sizeof ports));
    connected_ = ports[0];
    listens_ = ports[1];
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  SocketEnd end() const { return end_of(connected_); }
  SocketEnd listens() const { return end_of(listens_); }

 private:
  pid_t pid_ = -1;
  std::uint16_t connected_ = 0;
  std::uint16_t listens_ = 0;
};

class LocalPeerCase : public testing::Test {
 protected:
  void SetUp() override {
    const auto own = listener_owners(end());
    if (!own || own->empty()) GTEST_SKIP() << "SKIPPED: this kernel does not tell who holds a socket";
  }
  SocketEnd end() const { return end_of(port_of(worker_)); }
  // Empty: it may; else why not.
  std::string judge(const Peer& peer, std::vector<SocketEnd> masters = {}, std::vector<pid_t> hosts = {}) const {
    const Status may = judge_local_peer({peer.end(), end(), std::move(masters), std::move(hosts)});
    return may ? "" : may.error().to_string();
  }
  const UniqueFd worker_ = listen_anywhere();
};

TEST_F(LocalPeerCase, OfTheWorkersOwnUserMay) {
  const Peer peer(port_of(worker_), {});
  EXPECT_EQ(judge(peer), "");
  const auto owner = socket_owner(peer.end(), end());
  ASSERT_TRUE(owner && *owner);
  EXPECT_EQ((*owner)->uid, ::geteuid());
  EXPECT_NE((*owner)->inode, 0U);
}

TEST_F(LocalPeerCase, ThatIsAProcessOfATaskMayNot) {
  const Peer adopted(port_of(worker_), {});
  EXPECT_THAT(judge(adopted, {}, {adopted.pid()}), HasSubstr("it is a process of a task"));
  const Peer child(port_of(worker_), {.session = true});
  EXPECT_THAT(judge(child), HasSubstr("it is a process of a task")) << "a child in a session of its own is a task host";
}

TEST_F(LocalPeerCase, ThatHasClosedItsEndMayNot) {
  const Peer peer(port_of(worker_), {.closes = true});
  EXPECT_THAT(judge(peer), HasSubstr("it has closed its end already")) << "its socket would pass for one of root";
}

TEST_F(LocalPeerCase, OfAnotherUserMayOnlyWhereItRunsAMaster) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root becomes another user";
  const Peer peer(port_of(worker_), {.uid = kStranger});
  EXPECT_THAT(judge(peer), HasSubstr("of the user 65534, who runs no registered master here"));
  EXPECT_THAT(judge(peer, {end()}), HasSubstr("who runs no registered master here")) << "that master is root's";
  EXPECT_EQ(judge(peer, {peer.listens()}), "");
}

TEST_F(LocalPeerCase, OfATaskThatListensWhereItRegisteredItselfMayNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root becomes another user";
  const Peer task(port_of(worker_), {.uid = kStranger, .session = true});
  EXPECT_THAT(judge(task, {task.listens()}), HasSubstr("who runs no registered master here"));
}

// No descriptor is left while this lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    while (taken_.size() < 16) taken_.emplace_back(::dup(0));  // a limit that a worker could begin with
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{static_cast<rlim_t>(first_free()), before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  static int first_free() { return UniqueFd(::dup(0)).get(); }

  rlimit before_{};
  std::vector<UniqueFd> taken_;
};

// The look failed then, and the address alone decided: a task dispatched tasks.
TEST_F(LocalPeerCase, IsLookedAtWithoutAFreeDescriptor) {
  const Peer task(port_of(worker_), {});
  const Peer master(port_of(worker_), {});
  const LocalPeerQuestion of_task{task.end(), end(), {}, {task.pid()}};
  const NoDescriptors none;
  ASSERT_LT(::open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
  const Status may = judge_local_peer_apart(of_task);
  ASSERT_FALSE(may);
  EXPECT_THAT(may.error().to_string(), HasSubstr("it is a process of a task"));
  EXPECT_TRUE(judge_local_peer_apart({master.end(), end(), {}, {task.pid()}}));
}

TEST_F(LocalPeerCase, IsNoMasterWhenNobodyCouldLook) {
  const Peer peer(port_of(worker_), {});
  const NoDescriptors none;
  const Status may = judge_local_peer({peer.end(), end(), {}, {}});
  ASSERT_FALSE(may);
  EXPECT_EQ(may.error().code(), ErrorCode::kIo) << "that is not a kernel which does not tell";
}

// That the kernel did not answer within two seconds was taken for one that never tells: the address alone decided.
TEST(SocketDiag, ATooLateAnswerIsNoReasonToTrustAnAddress) {
  for (const int reason : {EAGAIN, EMFILE, ENFILE, ENOMEM, ENOBUFS, EINTR, EPIPE, EIO})
    EXPECT_EQ(error_of_socket_diag(reason).code(), ErrorCode::kIo) << reason;
  for (const int reason : {EPROTONOSUPPORT, EPERM, EACCES, ENOSYS})
    EXPECT_EQ(error_of_socket_diag(reason).code(), ErrorCode::kUnavailable) << reason;
}

TEST_F(LocalPeerCase, FromElsewhereIsNotItsBusiness) {
  const SocketEnd elsewhere{*parse_ip("192.0.2.1"), 4711};
  EXPECT_TRUE(judge_local_peer({elsewhere, end(), {}, {}}));
}

}  // namespace
}  // namespace porpoise
