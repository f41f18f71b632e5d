#include "openmldb/sdk_process.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "script_file/python_command.h"
#include "script_file/script_task.h"

namespace porpoise::openmldb {
namespace {

// The program refuses answers over 32 MiB before they become JSON, where a byte takes six at most.
constexpr std::size_t kMaxLineBytes = std::size_t{200} << 20U;
constexpr std::size_t kChunkBytes = std::size_t{64} << 10U;  // what a pipe holds
constexpr int kHangUpPauseMs = 20;
constexpr int kOrderlyEndMs = 500;  // it has only to see the end of its input

}  // namespace

Result<std::unique_ptr<SdkProcess>> SdkProcess::start(plugin::Host host, const std::filesystem::path& program,
                                                      bool names_interpreter) {
  plugin::ProcessSpec spec;
  spec.shell = script_file::python_command(script_file::quote(program.native()), names_interpreter);
  spec.flags = PORPOISE_PROCESS_STDIN | PORPOISE_PROCESS_STDOUT | PORPOISE_PROCESS_IGNORES_CANCEL;
  auto process = plugin::Process::start(host, spec);
  if (!process)
    return fail(process.problem().status == PORPOISE_CANCELLED ? ErrorCode::kCancelled : ErrorCode::kInternal,
                process.problem().message);
  for (const int fd : {process->stdin_fd(), process->stdout_fd()})
    if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) return fail_errno("cannot use a pipe to the SDK program", errno);
  return std::unique_ptr<SdkProcess>(new SdkProcess(host, std::move(*process)));
}

SdkProcess::~SdkProcess() {
  if (has_ended_ || !is_idle_) return;
  process_.close_stdin();
  process_.wait(kOrderlyEndMs);
}

Result<std::string> SdkProcess::exchange(std::string_view line, std::int64_t deadline_mono_ms, int cancel_fd) {
  if (!is_idle_) return fail(ErrorCode::kInternal, "the SDK program is still busy");
  is_idle_ = false;
  std::string request(line);
  request += '\n';
  std::string_view to_write = request;
  std::string answer;
  while (answer.empty() || answer.back() != '\n') {
    PORPOISE_TRY_VOID(wait(!to_write.empty(), deadline_mono_ms, cancel_fd));
    PORPOISE_TRY_VOID(write_some(to_write));
    PORPOISE_TRY_VOID(read_some(answer));
    if (answer.size() > kMaxLineBytes) return fail(ErrorCode::kInvalid, "the answer of the SDK program has no end");
  }
  answer.pop_back();
  is_idle_ = true;
  return answer;
}

Status SdkProcess::wait(bool wants_write, std::int64_t deadline_mono_ms, int cancel_fd) {
  const short write_event = wants_write ? POLLOUT : 0;
  std::array<pollfd, 4> fds{{{process_.stdout_fd(), POLLIN, 0},
                             {cancel_fd, POLLIN, 0},
                             {process_.poll_fd(), POLLIN, 0},
                             {process_.stdin_fd(), write_event, 0}}};
  const std::int64_t left_ms = std::clamp<std::int64_t>(deadline_mono_ms - host_.now_mono_ms(), 0, INT_MAX);
  const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(left_ms));
  if (ready < 0 && errno != EINTR) return fail_errno("cannot wait for the SDK program", errno);
  if (ready == 0) return fail(ErrorCode::kTimeout, "the SDK gave no answer in time");
  const bool has_answer = (fds[0].revents & POLLIN) != 0;
  if (ready < 0 || has_answer) return {};  // what it answered is read before its end, or a cancel, is noticed
  if (fds[1].revents != 0) return fail(ErrorCode::kCancelled, "cancelled");
  if (fds[2].revents != 0) return fail(ended());
  if (fds[0].revents != 0) ::poll(&fds[2], 1, kHangUpPauseMs);  // it has closed the pipe, and will end
  return {};
}

Status SdkProcess::write_some(std::string_view& text) {
  if (text.empty()) return {};
  const ssize_t size = ::write(process_.stdin_fd(), text.data(), std::min(text.size(), kChunkBytes));
  if (size < 0 && errno != EAGAIN && errno != EINTR) return fail_errno("cannot write to the SDK program", errno);
  text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return {};
}

Status SdkProcess::read_some(std::string& text) {
  const std::size_t before = text.size();
  text.resize(before + kChunkBytes);
  const ssize_t size = ::read(process_.stdout_fd(), text.data() + before, kChunkBytes);
  const int problem = errno;
  text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (size < 0 && problem != EAGAIN && problem != EINTR) return fail_errno("cannot read from the SDK program", problem);
  return {};
}

Error SdkProcess::ended() {
  has_ended_ = true;
  const auto exit = process_.wait(-1);
  if (!exit) return {ErrorCode::kInternal, exit.problem().message};
  constexpr int kCommandNotFound = 127;
  if (exit->code == kCommandNotFound)
    return {ErrorCode::kNotFound,
            "there is no Python interpreter to run the OpenMLDB SDK (the log says where it was looked for); set "
            "PYTHON_HOME in the task's environment, or install one with: apt-get install python3"};
  return {ErrorCode::kUnavailable,
          "the SDK program ended with exit code " + std::to_string(exit->code) + "; the log has what it printed"};
}

}  // namespace porpoise::openmldb
