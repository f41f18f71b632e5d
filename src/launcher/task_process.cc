#include "launcher/task_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>

#include "base/clock.h"
#include "base/descriptor.h"
#include "launcher/host_lock.h"
#include "launcher/lost_host.h"
#include "model/host_protocol.h"
#include "process/pidfd.h"
#include "process/process_info.h"
#include "taskdir/result_file.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;

// A host gives up on processes that SIGKILL does not end after 15 s; one that is silent for longer hangs itself.
constexpr std::chrono::seconds kHostLimit{20};
constexpr std::size_t kMaxErrorBytes = 1024;
// To end what a dead host left, and to remove its files: hundreds of thousands on a slow disk.
constexpr std::chrono::minutes kBurialLimit{5};

std::string describe_end(int status) {
  if (status == -1) return "ended without a result";
  if (WIFEXITED(status)) return "ended with exit status " + std::to_string(WEXITSTATUS(status));
  return "was ended by " + describe_signal(WTERMSIG(status));
}

// A host that died and left no result, and what is known of its task. Answering for it ends what is left of the task,
// removes its working directory and writes its log and result: a matter of milliseconds, or of minutes.
struct LostHost {
  TaskRequest request;
  SudoUser tenant;
  std::filesystem::path state_dir;
  pid_t pid;
  std::uint64_t start_ticks;
  bool adopted;  // not our child: there is nothing to reap
  std::int64_t start_time_ms;
  std::string last_words;
};

// An empty message: say how it died.
TaskResult bury(const LostHost& host, TaskState state, std::string message) {
  const std::string cookie = task_cookie(host.request.task_instance_id, host.pid, host.start_ticks);
  const auto survivors =
      sweep_after({host.pid, host.start_ticks, std::string(kCookieVariable) + "=" + cookie}, host.tenant, host.adopted);
  int status = -1;
  if (!host.adopted) ::waitpid(host.pid, &status, 0);
  if (message.empty()) message = "task host " + describe_end(status) + host.last_words;
  return record_lost_task(host.request, host.tenant, host.state_dir, state, message, host.start_time_ms, survivors);
}

// Of a task whose end could not be recorded in time.
TaskResult unrecorded(const LostHost& host, const Error& why) {
  TaskResult result;
  result.task_instance_id = host.request.task_instance_id;
  result.state = TaskState::kFailure;
  result.message = "task host ended without a result" + host.last_words + "; " + why.to_string();
  result.start_time_ms = host.start_time_ms;
  result.end_time_ms = wall_ms();
  result.var_pool = host.request.var_pool;
  result.app_ids = host.request.app_ids;
  return result;
}

}  // namespace

class TaskProcess::Impl : public std::enable_shared_from_this<TaskProcess::Impl> {
 public:
  // A host without a control socket was adopted.
  Impl(asio::io_context& io, LaunchedHost host, const TaskRequest& request, const std::filesystem::path& host_binary,
       std::filesystem::path state_dir, TaskListener& listener, BlockingCalls* beside)
      : request_(request),
        tenant_(request.run_as, host_binary),
        state_dir_(std::move(state_dir)),
        listener_(listener),
        beside_(beside),
        pid_(host.pid),
        start_ticks_(host.start_ticks),
        adopted_(!host.control),
        control_(io),
        exit_(io, host.pid_fd.release()),
        errors_(std::move(host.errors)),
        limit_(io) {
    if (host.control) control_.assign(host.control.release());
  }

  void listen() {
    if (!adopted_) wait_for_message();
    wait_for_exit();
  }

  void cancel(std::string reason, bool at_once) {
    if (burying_) return;
    if (at_once) limit_host();
    if (adopted_) {  // its socket died with the earlier requester; the host takes the signal for an order to end
      signal_host(at_once ? SIGKILL : SIGTERM);  // after SIGKILL what is left of the task is swept up here
      return;
    }
    const std::string packet = encode(RequesterMessage(CancelMessage{std::move(reason), at_once}));
    ::send(control_.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

  // The listener hears no more.
  void close() {
    closed_ = true;
    if (!reaped_ && !burying_) put_down();
    if (control_.is_open()) control_.close();
    exit_.close();
  }

  pid_t pid() const { return pid_; }

 private:
  void wait_for_message() {
    control_.async_wait(Descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (self && !problem && self->read_messages()) self->wait_for_message();
    });
  }

  void wait_for_exit() {
    exit_.async_wait(Descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (!self || problem || self->closed_) return;
      // Asio may wake a wait for what happened to an earlier descriptor of the same number.
      if (self->has_ended())
        self->host_ended();
      else
        self->wait_for_exit();
    });
  }

  // By the descriptor: an adopted host is not our child, so its number may be somebody else's by now. That of a child
  // stays its own until it is reaped.
  void signal_host(int signal) {
    if (!signal_pidfd(exit_.native_handle(), signal) && !adopted_) ::kill(pid_, signal);
  }

  bool has_ended() {
    pollfd event{exit_.native_handle(), POLLIN, 0};
    return ::poll(&event, 1, 0) > 0;
  }

  void limit_host() {
    limit_.expires_after(kHostLimit);
    limit_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (self && !problem && !self->reaped_ && !self->burying_) self->signal_host(SIGKILL);
    });
  }

  // False when no more will come.
  bool read_messages() {
    const auto buffer = std::make_unique_for_overwrite<char[]>(kMaxHostMessageBytes);
    while (!closed_) {
      const ssize_t count = ::recv(control_.native_handle(), buffer.get(), kMaxHostMessageBytes, MSG_DONTWAIT);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      if (count == 0) return false;
      const auto message = decode_host_message({buffer.get(), static_cast<std::size_t>(count)});
      if (message && *message) std::visit([this](const auto& m) { take(m); }, **message);
    }
    return false;
  }

  void take(const StartedMessage& message) { listener_.on_started(message.pid); }
  void take(const LineMessage& message) { listener_.on_line(message.text); }
  void take(const VarMessage&) {}  // the result has them all
  void take(const AppIdMessage& message) { listener_.on_app_id(message.app_id); }
  void take(const ProgressMessage& message) { listener_.on_progress(message.permille, message.text); }
  void take(const FinishedMessage& message) {
    if (message.result) return finish(*message.result);
    if (const auto kept = read_result(state_dir_)) finish(*kept);
  }

  void finish(const TaskResult& result) {
    if (std::exchange(finished_, true)) return;
    listener_.on_finished(result);
  }

  void host_ended() {
    if (!adopted_) read_messages();
    if (closed_) return;
    if (finished_) {
      reap();
    } else if (const auto kept = read_result(state_dir_)) {  // it died between the disk and telling us
      reap();
      finish(*kept);
    } else if (beside_ == nullptr) {
      finish(put_to_rest(TaskState::kFailure, ""));
    } else {
      put_to_rest_beside();
    }
  }

  // The wait status; -1 for a host that is somebody else's child.
  int reap() {
    int status = -1;
    if (!adopted_) ::waitpid(pid_, &status, 0);
    reaped_ = true;
    limit_.cancel();
    return status;
  }

  LostHost lost_host() const {
    return {request_, tenant_, state_dir_, pid_, start_ticks_, adopted_, start_time_ms_, last_words()};
  }

  TaskResult put_to_rest(TaskState state, const std::string& message) {
    TaskResult result = bury(lost_host(), state, message);
    reaped_ = true;
    limit_.cancel();
    return result;
  }

  void put_to_rest_beside() {
    burying_ = true;  // from now on its number may be a stranger's
    limit_.cancel();
    const auto host = std::make_shared<const LostHost>(lost_host());
    beside_->call(
        "what is left of task " + std::to_string(request_.task_instance_id), kBurialLimit,
        [host] { return Result<TaskResult>(bury(*host, TaskState::kFailure, "")); },
        [weak = weak_from_this(), host](const Result<TaskResult>& result) {
          const auto self = weak.lock();
          if (!self || self->closed_) return;
          self->reaped_ = true;
          self->finish(result ? *result : unrecorded(*host, result.error()));
        });
  }

  std::string last_words() const {
    std::string text(kMaxErrorBytes, '\0');
    const ssize_t count = ::pread(errors_.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text.empty() ? "" : ": " + text.substr(0, text.find('\n'));
  }

  void put_down() {
    signal_host(SIGKILL);
    siginfo_t ignored{};
    if (!adopted_) ::waitid(P_PID, static_cast<id_t>(pid_), &ignored, WEXITED | WNOWAIT);
    if (finished_ || read_result(state_dir_))
      reap();
    else
      put_to_rest(TaskState::kKill, "killed: its requester let go of it");
  }

  const TaskRequest request_;
  const SudoUser tenant_;
  const std::filesystem::path state_dir_;
  TaskListener& listener_;
  BlockingCalls* const beside_;
  const std::int64_t start_time_ms_ = wall_ms();
  const pid_t pid_;
  const std::uint64_t start_ticks_;
  const bool adopted_;
  Descriptor control_;
  Descriptor exit_;  // a pidfd: readable when the host has ended
  const UniqueFd errors_;
  asio::steady_timer limit_;
  bool finished_ = false;
  bool reaped_ = false;
  bool burying_ = false;  // beside us
  bool closed_ = false;
};

std::unique_ptr<TaskProcess> TaskProcess::follow(asio::io_context& io, LaunchedHost host, const HostSettings& settings,
                                                 const TaskRequest& request, const std::filesystem::path& state_dir,
                                                 TaskListener& listener) {
  auto impl =
      std::make_shared<Impl>(io, std::move(host), request, settings.host_binary, state_dir, listener, settings.beside);
  impl->listen();
  return std::unique_ptr<TaskProcess>(new TaskProcess(std::move(impl)));
}

Result<std::unique_ptr<TaskProcess>> TaskProcess::start(asio::io_context& io, const HostSettings& settings,
                                                        const TaskRequest& request,
                                                        const std::filesystem::path& state_dir,
                                                        TaskListener& listener) {
  PORPOISE_TRY(LaunchedHost host, launch_host(settings, request, state_dir));
  return follow(io, std::move(host), settings, request, state_dir, listener);
}

Result<std::unique_ptr<TaskProcess>> TaskProcess::adopt(asio::io_context& io, const std::filesystem::path& host_binary,
                                                        const TaskRequest& request,
                                                        const std::filesystem::path& state_dir, TaskListener& listener,
                                                        BlockingCalls* beside) {
  if (!host_lives(state_dir)) return nullptr;
  PORPOISE_TRY(const HostIdentity host, wait_for_host_identity(state_dir));
  UniqueFd pid_fd = open_pidfd(host.pid);
  if (!pid_fd || !host_lives(state_dir)) return nullptr;  // it ended just now, and the number may be somebody else's
  auto impl =
      std::make_shared<Impl>(io, LaunchedHost{host.pid, UniqueFd(), std::move(pid_fd), UniqueFd(), host.start_ticks},
                             request, host_binary, state_dir, listener, beside);
  impl->listen();
  return std::unique_ptr<TaskProcess>(new TaskProcess(std::move(impl)));
}

TaskProcess::~TaskProcess() { impl_->close(); }

void TaskProcess::cancel(std::string reason) { impl_->cancel(std::move(reason), false); }
void TaskProcess::kill(std::string reason) { impl_->cancel(std::move(reason), true); }
std::int64_t TaskProcess::pid() const { return impl_->pid(); }

}  // namespace porpoise
