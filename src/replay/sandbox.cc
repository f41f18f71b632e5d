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
constexpr std::size_t kMaxReadyBytes = 64U << 10U;  // of what comes before the READY line is at its end
constexpr std::chrono::milliseconds kEndGrace{2000};

// The end of what a child wrote, for an error message.
std::string end_of(const fs::path& log) {
  std::string text = read_file(log, 16U << 20U).value_or("");
  if (text.size() > kMaxLogInError) text.erase(0, text.size() - kMaxLogInError);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "it wrote nothing" : text;
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

Result<SandboxUse> parse_sandbox_use(std::string_view json) {
  PORPOISE_TRY(const Json line, parse_json(json, {kMaxReadyBytes}));
  if (!line.is_object()) return fail(ErrorCode::kInvalid, "the READY line is not a JSON object");
  SandboxUse use;
  use.config = line.value("config", Json::object());
  if (!use.config.is_object()) return fail(ErrorCode::kInvalid, "\"config\" of the READY line is not an object");
  const Json globals = line.value("globals", Json::object());
  if (!globals.is_object()) return fail(ErrorCode::kInvalid, "\"globals\" of the READY line is not an object");
  for (const auto& [name, value] : globals.items()) {
    if (!value.is_string()) return fail(ErrorCode::kInvalid, "global \"" + name + "\" of the READY line is not a text");
    use.globals[name] = value.get<std::string>();
  }
  return use;
}

Result<std::unique_ptr<Sandbox>> Sandbox::start(boost::asio::io_context& io, const std::string& name,
                                                const std::vector<std::string>& argv, const fs::path& log,
                                                std::chrono::milliseconds deadline) {
  std::unique_ptr<Sandbox> sandbox(new Sandbox(io));
  PORPOISE_TRY_VOID(sandbox->launch(argv, log));
  if (const Status ready = sandbox->wait_ready(name, deadline); !ready)
    return fail(ready.error().code(), ready.error().to_string() + "; its output:\n" + end_of(log));
  sandbox->keep_log();
  return sandbox;
}

Status Sandbox::launch(const std::vector<std::string>& argv, const fs::path& log) {
  log_.reset(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!log_) return fail_errno("cannot create " + log.string(), errno);
  PORPOISE_TRY(Pipe input, make_pipe());
  PORPOISE_TRY(Pipe output, make_pipe());
  SpawnSpec spec;
  spec.argv = argv;
  spec.fds = {input.reader.get(), output.writer.get(), log_.get()};
  spec.own_group = true;  // Ctrl-C is for us: tasks still need the sandbox while they are stopped
  spec.die_with_thread = true;
  PORPOISE_TRY(pid_, spawn(spec));
  process_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  input_ = std::move(input.writer);
  boost::system::error_code error;
  output_.assign(output.reader.get(), error);
  if (error) return fail_errno("cannot watch the sandbox", error.value());
  output.reader.release();
  return {};
}

Status Sandbox::wait_ready(const std::string& name, std::chrono::milliseconds deadline) {
  constexpr std::string_view kReady = "READY ";
  const auto until = Clock::now() + deadline;
  std::string text;
  while (poll_readable(output_.native_handle(), until)) {
    const ssize_t count = ::read(output_.native_handle(), buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      wait_end(kEndGrace);
      return fail(ErrorCode::kUnavailable, "the " + name + " sandbox ended at its start");
    }
    append(log_.get(), {buffer_.data(), static_cast<std::size_t>(count)});
    text.append(buffer_.data(), static_cast<std::size_t>(count));
    if (text.size() > kMaxReadyBytes) return fail(ErrorCode::kInvalid, "the " + name + " sandbox writes no READY line");
    const std::size_t at = text.rfind(kReady, 0) == 0 ? 0 : text.find("\n" + std::string(kReady));
    const std::size_t end = at == std::string::npos ? at : text.find('\n', at + kReady.size());
    if (end == std::string::npos) continue;
    const std::size_t begin = text.find(kReady, at) + kReady.size();
    auto use = parse_sandbox_use(std::string_view(text).substr(begin, end - begin));
    if (!use) return fail(use.error().wrap("the " + name + " sandbox cannot be used"));
    use_ = std::move(*use);
    return {};
  }
  return fail(ErrorCode::kTimeout, "the " + name + " sandbox was not ready in time");
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
