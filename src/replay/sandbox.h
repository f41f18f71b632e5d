// A plugin's sandbox, a stand-in for what its tasks talk to, as a child of a replay: started, waited for, ended.
//
// The sandbox of task type X is the program porpoise-sandbox-x (plugin/catalog.h); replay knows no task type. It is
// called with --for-replay and with --exit-with-stdin, serves until its standard input ends, and when it can be used it
// writes one line to its standard output, "READY " and a JSON object:
//
//   {"config": {…},       laid over the plugin's section of the configuration (RFC 7396)
//    "globals": {"n":"v"}} values of the workflow's global parameters of these names, as far as it has them
//
// With --plan it starts nothing and only writes that line, for the plans of a dry run.
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
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/json.h"
#include "base/result.h"

namespace porpoise {

// How tasks use a sandbox. A value.
struct SandboxUse {
  Json config = Json::object();
  std::map<std::string, std::string> globals;
};

// Of a READY line without its first word. Errors (kInvalid) say what is not as described above.
Result<SandboxUse> parse_sandbox_use(std::string_view json);

class Sandbox {
 public:
  // Starts argv and waits for its READY line; everything it writes goes to `log`. `name` is for errors.
  static Result<std::unique_ptr<Sandbox>> start(boost::asio::io_context& io, const std::string& name,
                                                const std::vector<std::string>& argv, const std::filesystem::path& log,
                                                std::chrono::milliseconds deadline);
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;
  ~Sandbox();

  const SandboxUse& use() const { return use_; }

 private:
  explicit Sandbox(boost::asio::io_context& io) : output_(io) {}
  Status launch(const std::vector<std::string>& argv, const std::filesystem::path& log);
  Status wait_ready(const std::string& name, std::chrono::milliseconds deadline);
  void keep_log();
  bool wait_end(std::chrono::milliseconds limit);

  pid_t pid_ = -1;
  UniqueFd process_;  // pidfd
  UniqueFd input_;    // kept open: its end is the child's end
  UniqueFd log_;
  boost::asio::posix::stream_descriptor output_;
  std::array<char, 4096> buffer_{};
  SandboxUse use_;
};

}  // namespace porpoise
