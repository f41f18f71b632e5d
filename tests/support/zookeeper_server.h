// A real ZooKeeper server, from Debian's packages, on a loopback port of its own and with its data in a folder of its
// own. It can be paused, killed and started again with what it knew.
//
//   if (const std::string why = ZookeeperServer::missing(); !why.empty()) GTEST_SKIP() << why;
//   ZookeeperServer server;
//   ASSERT_EQ(server.problem(), "");
//
// Used by one test, on its thread. The server ends with it, also when the test itself is killed.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "support/temp_folder.h"

namespace porpoise::support {

// A loopback port that nobody listens on now.
inline std::uint16_t free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) return 0;
  return ntohs(address.sin_port);
}

class ZookeeperServer {
 public:
  struct Options {
    // A session lasts 2 to 20 ticks, whatever its client asks for, and ends up to one tick late.
    std::chrono::milliseconds tick{200};
    bool start = true;
  };

  // Why there can be none on this machine; empty when there can.
  static std::string missing() {
    if (java().empty()) return "no java on the PATH";
    for (const char* jar : kJars)
      if (!std::filesystem::exists(jar)) return std::string("no ") + jar + " (Debian: zookeeper, libslf4j-java)";
    return "";
  }

  ZookeeperServer() : ZookeeperServer(Options{}) {}
  explicit ZookeeperServer(Options options) : options_(options), port_(free_port()) {
    if (folder_.path().empty()) return;
    if (options_.start) start();
  }
  ZookeeperServer(const ZookeeperServer&) = delete;
  ZookeeperServer& operator=(const ZookeeperServer&) = delete;
  ~ZookeeperServer() { kill(); }

  // Returns when it serves clients.
  void start() {
    if (pid_ > 0 || folder_.path().empty()) return;
    write_config();
    problem_.clear();
    spawn();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);  // of a busy machine
    while (!serves()) {
      if (std::chrono::steady_clock::now() > end || ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        problem_ = "ZooKeeper does not start: " + log();
        return;
      }
      ::usleep(20000);  // another process: there is nothing to wait on
    }
  }

  void pause() const { ::kill(pid_, SIGSTOP); }
  void resume() const { ::kill(pid_, SIGCONT); }
  // As a power cut; start() brings it back on the same port and with the same data.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  }

  // Ends a session as its own client would, whoever is connected with it; that one may be faster to come back than the
  // end is seen, so it is tried until the server knows of no such session.
  bool end_session(std::int64_t id, const std::array<char, 16>& password) const {
    // ConnectRequest (protocol 0, last zxid 0, timeout, session, password, not read-only), then closeSession, type -11.
    std::string bytes = number(45, 4) + number(0, 4) + number(0, 8) + number(10000, 4) + number(id, 8) + number(16, 4);
    bytes.append(password.data(), password.size());
    bytes += number(0, 1) + number(8, 4) + number(1, 4) + number(-11, 4);
    for (int attempt = 0; attempt < 100; ++attempt)
      if (ask(bytes).substr(0, 20).ends_with(std::string(8, '\0'))) return true;  // the session id in the answer
    return false;
  }

  std::uint16_t port() const { return port_; }
  std::string connect_string() const { return "127.0.0.1:" + std::to_string(port_); }
  const std::string& problem() const { return problem_; }  // of the last start(); empty: it runs
  std::string log() const {
    std::ifstream file(folder_.path() / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  static constexpr const char* kJars[] = {
      "/usr/share/java/zookeeper.jar",    "/usr/share/java/zookeeper-jute.jar", "/usr/share/java/slf4j-api.jar",
      "/usr/share/java/slf4j-simple.jar", "/usr/share/java/metrics-core.jar",   "/usr/share/java/snappy-java.jar",
      "/usr/share/java/netty-all.jar",    "/usr/share/java/commons-cli.jar",
  };

  static std::string java() {
    const char* const path = std::getenv("PATH");
    std::istringstream folders(path != nullptr ? path : "/usr/bin");
    for (std::string folder; std::getline(folders, folder, ':');)
      if (::access((folder + "/java").c_str(), X_OK) == 0) return folder + "/java";
    return "";
  }

  void write_config() const {
    std::ofstream file(folder_.path() / "zoo.cfg");
    file << "tickTime=" << options_.tick.count() << "\ndataDir=" << (folder_.path() / "data").native()
         << "\nclientPort=" << port_ << "\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
         << "maxClientCnxns=0\n4lw.commands.whitelist=srvr\n";
  }

  std::vector<std::string> command() const {
    std::string class_path;
    for (const char* jar : kJars) class_path += (class_path.empty() ? "" : ":") + std::string(jar);
    return {java(),
            "-Xmx64m",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dzookeeper.forceSync=no",  // tests need no power cuts, and this disk is shared
            "-Djava.io.tmpdir=" + folder_.path().native(),
            "-cp",
            class_path,
            "org.apache.zookeeper.server.ZooKeeperServerMain",
            (folder_.path() / "zoo.cfg").native()};
  }

  void spawn() {
    std::vector<std::string> words = command();
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log_file = (folder_.path() / "log").native();
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int in = ::open("/dev/null", O_RDONLY);
    if (::getppid() != parent || out < 0 || in < 0) ::_exit(127);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  static std::string number(std::int64_t value, int bytes) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
      text += static_cast<char>(static_cast<std::uint64_t>(value) >> static_cast<unsigned>(shift));
    return text;
  }

  // What it says until it hangs up, or has said `enough`.
  std::string ask(const std::string& bytes, const std::string& enough = "") const {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{enough.empty() ? 5 : 0, 300000};  // one that is still starting may never answer
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "";
    if (::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) return "";
    std::string answer;
    char buffer[1024];
    for (ssize_t count = 0; (count = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(count));
      if (!enough.empty() && answer.find(enough) != std::string::npos) break;
    }
    return answer;
  }

  // As a server does that has loaded its data.
  bool serves() const { return ask("srvr", "Mode: ").find("Mode: ") != std::string::npos; }

  const Options options_;
  const std::uint16_t port_;
  TempFolder folder_{"zookeeper"};
  pid_t pid_ = -1;
  std::string problem_ = folder_.problem();
};

}  // namespace porpoise::support
