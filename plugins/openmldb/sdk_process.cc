#include "openmldb/sdk_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

// Pipes with names: what the host starts has no other descriptors than its output.
Result<UniqueFd> make_pipe(const std::string& path, int flags) {
  constexpr mode_t kOwnerAndTenant = 0660;  // the working folder lets in no others
  if (::mkfifo(path.c_str(), kOwnerAndTenant) != 0) return fail_errno("cannot make the pipe " + path, errno);
  UniqueFd fd(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return fail_errno("cannot open the pipe " + path, errno);
  return fd;
}

}  // namespace

Result<std::unique_ptr<SdkProcess>> SdkProcess::start(plugin::Host host, const Place& place) {
  const std::string requests = place.pipes.native() + ".requests";
  const std::string answers = place.pipes.native() + ".answers";
  // Both ways, since opening it for writing alone fails while the child is not there yet.
  PORPOISE_TRY(UniqueFd requests_fd, make_pipe(requests, O_RDWR));
  PORPOISE_TRY(UniqueFd answers_fd, make_pipe(answers, O_RDONLY));
  std::unique_ptr<SdkProcess> process(new SdkProcess(host, std::move(requests_fd), std::move(answers_fd)));
  PORPOISE_TRY_VOID(process->run(place, requests, answers));
  return process;
}

Status SdkProcess::run(const Place& place, const std::string& requests, const std::string& answers) {
  using script_file::quote;
  // A cancel sends SIGTERM to all of the task's processes; the shell hands on that it is ignored.
  std::string command = "trap '' TERM\n";
  command +=
      script_file::python_command(quote(place.program.native()) + " <" + quote(requests) + " 3>" + quote(answers));
  if (!place.names_interpreter) command += " >/dev/null";
  porpoise_spawn spec{};
  spec.size = sizeof spec;
  spec.shell = plugin::to_c(command);
  std::int64_t pid = 0;
  porpoise_str error{};
  const porpoise_status status = host_.raw()->spawn(host_.raw(), &spec, &pid, &error);
  if (status != PORPOISE_OK)
    return fail(status == PORPOISE_CANCELLED ? ErrorCode::kCancelled : ErrorCode::kInternal,
                std::string(plugin::to_view(error)));
  pid_ = static_cast<pid_t>(pid);
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  return {};
}

SdkProcess::~SdkProcess() {
  if (pid_ <= 0) return;
  requests_.reset();
  pollfd end{pidfd_.get(), POLLIN, 0};
  const bool is_orderly = is_idle_ && ::poll(&end, 1, kOrderlyEndMs) > 0;
  // A tenant's process cannot be signalled from here; the host ends it.
  if (!is_orderly && ::kill(-pid_, SIGKILL) != 0) return;
  porpoise_exit exit{};
  exit.size = sizeof exit;
  host_.raw()->wait_child(host_.raw(), pid_, &exit);
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
  std::array<pollfd, 4> fds{{{answers_.get(), POLLIN, 0},
                             {cancel_fd, POLLIN, 0},
                             {pidfd_.get(), POLLIN, 0},
                             {requests_.get(), write_event, 0}}};
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
  const ssize_t size = ::write(requests_.get(), text.data(), std::min(text.size(), kChunkBytes));
  if (size < 0 && errno != EAGAIN && errno != EINTR) return fail_errno("cannot write to the SDK program", errno);
  text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return {};
}

Status SdkProcess::read_some(std::string& text) {
  const std::size_t before = text.size();
  text.resize(before + kChunkBytes);
  const ssize_t size = ::read(answers_.get(), text.data() + before, kChunkBytes);
  const int problem = errno;
  text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (size < 0 && problem != EAGAIN && problem != EINTR) return fail_errno("cannot read from the SDK program", problem);
  return {};
}

Error SdkProcess::ended() {
  porpoise_exit exit{};
  exit.size = sizeof exit;
  host_.raw()->wait_child(host_.raw(), std::exchange(pid_, 0), &exit);
  constexpr int kCommandNotFound = 127;
  if (exit.code == kCommandNotFound)
    return {ErrorCode::kNotFound,
            "there is no Python interpreter to run the OpenMLDB SDK (the log says where it was looked for); set "
            "PYTHON_HOME in the task's environment, or install one with: apt-get install python3"};
  return {ErrorCode::kUnavailable,
          "the SDK program ended with exit code " + std::to_string(exit.code) + "; the log has what it printed"};
}

}  // namespace porpoise::openmldb
