// The OpenMLDB sandbox (examples/openmldb_sandbox) as a child of a replay: found, started, waited for, ended.
//
// Owned by the replay command; one thread. The child ends when the Sandbox is destroyed and also when this process
// ends in any other way: its standard input is a pipe of ours, and the kernel kills it with its parent.
#pragma once

#include <sys/types.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace porpoise {

struct SandboxOptions {
  std::filesystem::path program;  // the folder openmldb_sandbox
  std::filesystem::path python;
  int port = 0;                  // 0: any free one
  std::filesystem::path folder;  // of its state; empty: a temporary one
  std::string time_zone;         // in which texts are read as timestamps; empty: the sandbox's default
  bool exit_with_stdin = false;
  bool cluster = false;        // also be what SDKs find through ZooKeeper; the rest is for that alone
  std::string zookeeper;       // "host:port" of one that runs; empty: start one
  int zookeeper_port = 0;      // of the one to start; 0: any free one
  std::string zookeeper_path;  // empty: the sandbox's default
};

// $PORPOISE_SANDBOX, else the source tree or installation that the executable is in.
Result<std::filesystem::path> find_sandbox_program(std::string_view environment_value,
                                                   const std::filesystem::path& executable_folder);

// The first that exists of: `given`, $PORPOISE_PYTHON, build/python beside the build folder, python3 of PATH.
Result<std::filesystem::path> find_python(const std::filesystem::path& given, std::string_view environment_value,
                                          const std::filesystem::path& executable_folder, std::string_view path);

// argv. Without duckdb or sqlglot the program ends at once with status 3 and says how to install them.
std::vector<std::string> sandbox_command(const SandboxOptions& options);

class Sandbox {
 public:
  // Waits for its line "READY http://…"; everything it writes goes to `log`.
  static Result<std::unique_ptr<Sandbox>> start(boost::asio::io_context& io, SandboxOptions options,
                                                const std::filesystem::path& log, std::chrono::milliseconds deadline);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  const std::string& url() const { return url_; }  // "http://127.0.0.1:9080"

 private:
  explicit Sandbox(boost::asio::io_context& io) : output_(io) {}
  Status launch(const SandboxOptions& options, const std::filesystem::path& log);
  Status wait_ready(std::chrono::milliseconds deadline);
  void keep_log();
  bool wait_end(std::chrono::milliseconds limit);

  pid_t pid_ = -1;
  UniqueFd process_;  // pidfd
  UniqueFd input_;    // kept open: its end is the child's end
  UniqueFd log_;
  boost::asio::posix::stream_descriptor output_;
  std::array<char, 4096> buffer_{};
  std::string url_;
};

}  // namespace porpoise
