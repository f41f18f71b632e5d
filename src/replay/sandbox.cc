#include "replay/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "process/spawn.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxLogInError = 4096;
constexpr std::chrono::milliseconds kEndGrace{2000};

// The package lies beside others; `-m` would need PYTHONPATH, which must not leak into tasks.
constexpr const char* kBootstrap = R"(
import runpy, sys
sys.path[0] = sys.argv.pop(1)
try:
    import duckdb, sqlglot
except ImportError as error:
    sys.stderr.write(f"the OpenMLDB sandbox needs duckdb and sqlglot ({error}); install them with:\n"
                     f"  {sys.executable} -m pip install duckdb sqlglot\n"
                     "or choose another Python with --python or PORPOISE_PYTHON\n")
    sys.exit(3)
runpy.run_module("openmldb_sandbox", run_name="__main__", alter_sys=True)
)";

bool is_program(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

fs::path find_in_path(std::string_view path, const char* name) {
  while (!path.empty()) {
    const std::string_view folder = path.substr(0, path.find(':'));
    if (const fs::path file = fs::path(folder) / name; !folder.empty() && is_program(file)) return file;
    path.remove_prefix(std::min(folder.size() + 1, path.size()));
  }
  return {};
}

// The end of what a child wrote, for an error message.
std::string end_of(const fs::path& log) {
  std::string text = read_file(log, 16U << 20U).value_or("");
  if (text.size() > kMaxLogInError) text.erase(0, text.size() - kMaxLogInError);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "it wrote nothing" : text;
}

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno("cannot create a pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool poll_readable(int fd, Clock::time_point until) {
  pollfd ready{fd, POLLIN, 0};
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (count >= 0 || errno != EINTR) return count > 0;
  }
}

void append(int fd, std::string_view text) {
  if (::write(fd, text.data(), text.size()) < 0) return;  // a full disk loses log, not the run
}

}  // namespace

Result<fs::path> find_sandbox_program(std::string_view environment_value, const fs::path& executable_folder) {
  std::vector<fs::path> candidates;
  if (!environment_value.empty())
    candidates.emplace_back(environment_value);
  else
    candidates = {executable_folder / "../../../examples/openmldb_sandbox",
                  executable_folder / "../share/porpoise/openmldb_sandbox"};
  for (const fs::path& candidate : candidates) {
    std::error_code ignored;
    if (fs::exists(candidate / "__main__.py", ignored)) return fs::canonical(candidate, ignored);
  }
  return fail(ErrorCode::kNotFound, "no OpenMLDB sandbox at " + candidates.front().lexically_normal().string() +
                                        "; set PORPOISE_SANDBOX to the folder openmldb_sandbox");
}

Result<fs::path> find_python(const fs::path& given, std::string_view environment_value,
                             const fs::path& executable_folder, std::string_view path) {
  const fs::path chosen = given.empty() ? fs::path(environment_value) : given;
  if (!chosen.empty()) {
    const fs::path file = chosen.has_parent_path() ? chosen : find_in_path(path, chosen.c_str());
    if (is_program(file)) return fs::absolute(file);
    return fail(ErrorCode::kNotFound, "Python interpreter " + chosen.string() + " is not an executable file");
  }
  // Not resolved: a virtual environment is known by the path of its interpreter, which is a link.
  const fs::path built = (executable_folder / "../../python/bin/python3").lexically_normal();
  if (is_program(built)) return built;
  const fs::path found = find_in_path(path, "python3");
  if (found.empty()) return fail(ErrorCode::kNotFound, "no python3 in PATH: name one with --python");
  return found;
}

std::vector<std::string> sandbox_command(const SandboxOptions& options) {
  std::vector<std::string> command{
      options.python, "-u", "-c", kBootstrap, options.program.parent_path(), "--port", std::to_string(options.port)};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) command.insert(command.end(), {name, value});
  };
  add("--dir", options.folder);
  add("--timezone", options.time_zone);
  if (options.exit_with_stdin) command.emplace_back("--exit-with-stdin");
  if (options.cluster) {
    command.insert(command.end(), {"--cluster", "--zk-port", std::to_string(options.zookeeper_port)});
    add("--zk", options.zookeeper);
    add("--zk-path", options.zookeeper_path);
  }
  return command;
}

Result<std::unique_ptr<Sandbox>> Sandbox::start(boost::asio::io_context& io, SandboxOptions options,
                                                const fs::path& log, std::chrono::milliseconds deadline) {
  options.exit_with_stdin = true;
  std::unique_ptr<Sandbox> sandbox(new Sandbox(io));
  PORPOISE_TRY_VOID(sandbox->launch(options, log));
  if (const Status ready = sandbox->wait_ready(deadline); !ready)
    return fail(ready.error().code(), ready.error().message() + "; its output:\n" + end_of(log));
  sandbox->keep_log();
  return sandbox;
}

Status Sandbox::launch(const SandboxOptions& options, const fs::path& log) {
  log_.reset(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!log_) return fail_errno("cannot create " + log.string(), errno);
  PORPOISE_TRY(Pipe input, make_pipe());
  PORPOISE_TRY(Pipe output, make_pipe());
  SpawnSpec spec;
  spec.argv = sandbox_command(options);
  spec.fds = {input.read.get(), output.write.get(), log_.get()};
  spec.own_group = true;  // Ctrl-C is for us: tasks still need the sandbox while they are stopped
  spec.die_with_thread = true;
  PORPOISE_TRY(pid_, spawn(spec));
  process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  input_ = std::move(input.write);
  boost::system::error_code error;
  output_.assign(output.read.get(), error);
  if (error) return fail_errno("cannot watch the sandbox", error.value());
  output.read.release();
  return {};
}

Status Sandbox::wait_ready(std::chrono::milliseconds deadline) {
  constexpr std::string_view kReady = "READY ";
  const auto until = Clock::now() + deadline;
  std::string text;
  while (poll_readable(output_.native_handle(), until)) {
    const ssize_t count = ::read(output_.native_handle(), buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      wait_end(kEndGrace);
      return fail(ErrorCode::kUnavailable, "the OpenMLDB sandbox ended at its start");
    }
    append(log_.get(), {buffer_.data(), static_cast<std::size_t>(count)});
    text.append(buffer_.data(), static_cast<std::size_t>(count));
    const std::size_t at = text.rfind(kReady, 0) == 0 ? 0 : text.find("\n" + std::string(kReady));
    const std::size_t end = at == std::string::npos ? at : text.find('\n', at + kReady.size());
    if (end == std::string::npos) continue;
    const std::size_t begin = text.find(kReady, at) + kReady.size();
    url_ = text.substr(begin, end - begin);
    return {};
  }
  return fail(ErrorCode::kTimeout, "the OpenMLDB sandbox was not ready in time");
}

void Sandbox::keep_log() {
  output_.async_read_some(boost::asio::buffer(buffer_),
                          [this](const boost::system::error_code& error, std::size_t size) {
                            if (error) return;
                            append(log_.get(), {buffer_.data(), size});
                            keep_log();
                          });
}

bool Sandbox::wait_end(std::chrono::milliseconds limit) {
  if (pid_ <= 0) return true;
  if (process_ && !poll_readable(process_.get(), Clock::now() + limit)) return false;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return true;
}

Sandbox::~Sandbox() {
  if (pid_ <= 0) return;
  const pid_t group = pid_;
  input_.reset();
  if (!wait_end(kEndGrace)) {
    ::kill(-group, SIGKILL);
    wait_end(std::chrono::hours(1));
  }
}

}  // namespace porpoise
