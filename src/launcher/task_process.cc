#include "launcher/task_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <optional>

#include "base/clock.h"
#include "base/descriptor.h"
#include "launcher/lost_host.h"
#include "model/host_protocol.h"
#include "process/process_info.h"
#include "taskdir/liveness.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Descriptor = asio::posix::stream_descriptor;

constexpr std::size_t kMaxErrorBytes = 1024;
// To end what is left of a task, and to remove its files: hundreds of thousands on a slow disk.
constexpr std::chrono::minutes kBurialLimit{5};
constexpr int kQuestions = 2;  // a host that has answered none of them hangs

// For how long a process has lived; 0 when that is not known.
milliseconds age_of(std::uint64_t start_ticks) {
  const auto ticks_per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  if (start_ticks == 0 || ticks_per_second == 0) return milliseconds(0);
  const auto started_ms = static_cast<std::int64_t>(start_ticks * 1000 / ticks_per_second);
  return milliseconds(std::max<std::int64_t>(boottime_ms() - started_ms, 0));
}

}  // namespace

class TaskProcess::Impl : public std::enable_shared_from_this<TaskProcess::Impl> {
 public:
  Impl(const LauncherDeps& deps, LaunchedHost host, const TaskRequest& request, std::filesystem::path state_dir,
       TaskListener& listener)
      : deps_(deps),
        request_(request),
        state_dir_(std::move(state_dir)),
        listener_(listener),
        pid_(host.pid),
        start_ticks_(host.start_ticks),
        adopted_(host.adopted),
        can_answer_(static_cast<bool>(host.control)),
        control_(deps.io),
        exit_(deps.io, host.pid_fd.release()),
        errors_(std::move(host.errors)),
        question_(deps.io),
        ending_(deps.io),
        time_limit_(deps.io),
        silence_(deps.io) {
    if (host.control) control_.assign(host.control.release());
  }

  void listen() {
    if (control_.is_open()) wait_for_message();
    wait_for_exit();
    if (can_answer_) ask_later();
    if (request_.timeout.count() > 0) {
      const milliseconds limit = request_.timeout + request_.kill_grace - age_of(start_ticks_);
      arm(time_limit_, Clock::now() + limit, &Impl::time_is_over);
    }
  }

  void cancel(std::string reason, bool at_once) {
    if (!is_followed()) return;
    if (!order_) order_ = std::move(reason);
    const milliseconds grace = at_once ? milliseconds(0) : request_.kill_grace;
    const auto limit = Clock::now() + grace + deps_.settings.patience.ending;
    if (!end_by_ || limit < *end_by_) arm(ending_, *(end_by_ = limit), &Impl::order_is_overdue);
    if (can_answer_ && send(CancelMessage{*order_, at_once})) return;
    // One of a version without a way to it takes the signal for an order to end.
    if (!at_once) return signal_host(SIGTERM);
    bury(true, {TaskState::kKill, "cancelled: " + *order_ + "; its task host was ended with it", false});
  }

  void give_up(std::string reason) {
    cancel(std::move(reason), false);
    if (!is_followed() || !can_answer_) return;
    heard_when_given_up_ = heard_;
    (void)send(PingMessage{});
    arm(silence_, Clock::now() + deps_.settings.patience.given_up, &Impl::is_silent);
  }

  // The listener hears no more. What is done beside goes on.
  void close() {
    closed_ = true;
    stop_timers();
    if (finished_) {
      if (!reaped_) put_down();
    } else if (!burying_ || deps_.beside == nullptr) {
      const std::string reason = order_ ? "cancelled: " + *order_ : "killed: its requester gave it up";
      (void)answer_for(lost(true, {TaskState::kKill, reason, false}), deps_.children);
    }
    if (control_.is_open()) control_.close();
    exit_.close();
  }

  pid_t pid() const { return pid_; }

 private:
  using Handler = void (Impl::*)();

  void arm(asio::steady_timer& timer, Clock::time_point when, Handler handler) {
    timer.expires_at(when);
    timer.async_wait([weak = weak_from_this(), handler](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (self && !problem && self->is_followed()) (self.get()->*handler)();
    });
  }

  void stop_timers() {
    for (auto* const timer : {&question_, &ending_, &time_limit_, &silence_}) timer->cancel();
  }

  bool is_followed() const { return !closed_ && !finished_ && !burying_; }

  // --- What it says ---

  void wait_for_message() {
    control_.async_wait(Descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (self && !problem && self->read_messages()) self->wait_for_message();
    });
  }

  // False when no more will come.
  bool read_messages() {
    const auto buffer = std::make_unique_for_overwrite<char[]>(kMaxHostMessageBytes);
    while (!closed_ && control_.is_open()) {
      const ssize_t count = ::recv(control_.native_handle(), buffer.get(), kMaxHostMessageBytes, MSG_DONTWAIT);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
      if (count == 0) return false;
      unanswered_ = 0;  // whatever it says shows that it lives
      ++heard_;
      const auto message = decode_host_message({buffer.get(), static_cast<std::size_t>(count)});
      if (message && *message) std::visit([this](const auto& m) { take(m); }, **message);
    }
    return false;
  }

  void take(const StartedMessage& message) {
    if (!std::exchange(started_, true)) listener_.on_started(message.pid);
  }
  void take(const LineMessage& message) { listener_.on_line(message.text); }
  void take(const AppIdMessage& message) { listener_.on_app_id(message.app_id); }
  void take(const ProgressMessage& message) { listener_.on_progress(message.permille, message.text); }
  void take(const FinishedMessage& message) {
    // Else it is on disk, and is read when the host has ended: that of an adopted one is known by its seal, as anybody
    // of its user could speak for it.
    if (message.result && !(adopted_ && deps_.settings.seal)) finish(*message.result);
  }

  void finish(const TaskResult& result) {
    if (std::exchange(finished_, true) || closed_) return;
    listener_.on_finished(result);
  }

  // --- Whether it lives ---

  void ask_later() { arm(question_, Clock::now() + deps_.settings.patience.question, &Impl::ask_again); }

  void ask_again() {
    read_messages();  // an answer may wait behind this timer
    if (!is_followed()) return;
    if (unanswered_ >= kQuestions)
      return hung("the task host did not answer for " + in_seconds(kQuestions * deps_.settings.patience.question));
    ++unanswered_;
    (void)send(PingMessage{});
    ask_later();
  }

  void time_is_over() {
    if (!can_answer_) return;  // it cannot be told from one that still ends what its task has left
    heard_when_over_ = heard_;
    (void)send(PingMessage{});
    arm(time_limit_, Clock::now() + deps_.settings.patience.ending, &Impl::time_limit_is_overdue);
  }

  // A host that answers works: it removes a large folder, say.
  void time_limit_is_overdue() {
    read_messages();
    if (!is_followed()) return;
    if (heard_ != heard_when_over_) return time_is_over();
    hung("the task host did not end the task at its time limit and did not answer", true);
  }

  void order_is_overdue() {
    read_messages();
    if (!is_followed()) return;
    hung("the task host had not ended the task " +
         in_seconds(std::chrono::duration_cast<milliseconds>(request_.kill_grace + deps_.settings.patience.ending)) +
         " after it was told to");
  }

  void is_silent() {
    read_messages();
    if (!is_followed() || heard_ != heard_when_given_up_) return;
    hung("the task host did not answer for " + in_seconds(deps_.settings.patience.given_up) +
         " when its task was given up");
  }

  void hung(const std::string& why, bool timed_out = false) {
    TaskEnding ending{order_ ? TaskState::kKill : TaskState::kFailure, why + " and was ended", timed_out};
    if (order_) ending.message = "cancelled: " + *order_ + "; " + ending.message;
    if (timed_out)
      ending.message = "timed out after " + in_seconds(request_.timeout) + " (taskTimeout); " + ending.message;
    bury(true, std::move(ending));
    listener_.on_hung(why);
  }

  // --- What it is told ---

  bool send(const RequesterMessage& message) {
    if (!control_.is_open() || !write(message)) {
      if (!adopted_ || !connect_again()) return false;
      return write(message);
    }
    return true;
  }

  bool write(const RequesterMessage& message) {
    const std::string packet = encode(message);
    if (::send(control_.native_handle(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    return errno == EAGAIN;  // it does not read: it hangs, and has the rest to read when it does not
  }

  // Somebody else had come to it after us.
  bool connect_again() {
    UniqueFd link = connect_as_requester(deps_.settings, request_.task_instance_id, state_dir_, pid_, start_ticks_);
    if (!link) return false;
    if (control_.is_open()) control_.close();
    control_.assign(link.release());
    wait_for_message();
    return true;
  }

  // By the descriptor: an adopted host is not our child, so its number may be somebody else's by now. That of a child
  // stays its own until it is reaped.
  void signal_host(int signal) {
    if (!signal_pidfd(exit_.native_handle(), signal) && !adopted_) ::kill(pid_, signal);
  }

  // --- Its end ---

  void wait_for_exit() {
    exit_.async_wait(Descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& problem) {
      const auto self = weak.lock();
      if (!self || problem || self->closed_ || self->burying_) return;
      // Asio may wake a wait for what happened to an earlier descriptor of the same number.
      if (self->has_ended())
        self->host_ended();
      else
        self->wait_for_exit();
    });
  }

  bool has_ended() {
    pollfd event{exit_.native_handle(), POLLIN, 0};
    return ::poll(&event, 1, 0) > 0;
  }

  void host_ended() {
    read_messages();
    if (closed_) return;
    if (finished_) return reap();
    TaskEnding ending;  // how it died, unless it was given up
    if (order_)
      ending = {TaskState::kKill, "cancelled: " + *order_ + "; its task host was gone before it had ended it", false};
    bury(false, std::move(ending));
  }

  // Of one that has said how its task ended: all that is left to it is to end.
  void put_down() {
    signal_host(SIGKILL);
    reap();
  }

  void reap() {
    reaped_ = true;
    if (adopted_) return;
    if (deps_.children != nullptr)
      deps_.children->collect_soon(pid_);
    else
      ::waitpid(pid_, nullptr, 0);
  }

  // What is left of the task takes its time to end, and its folder to be removed.
  void bury(bool alive, TaskEnding ending) {
    if (std::exchange(burying_, true)) return;
    stop_timers();
    const auto host = std::make_shared<const LostHost>(lost(alive, std::move(ending)));
    const auto answer = [host, children = deps_.children] { return answer_for(*host, children); };
    if (deps_.beside == nullptr) {
      asio::post(deps_.io, [weak = weak_from_this(), answer] {
        const auto self = weak.lock();
        if (self && !self->closed_) self->buried(answer());
      });
      return;
    }
    deps_.beside->call(
        "what is left of task " + std::to_string(request_.task_instance_id), kBurialLimit,
        [answer] { return Result<TaskResult>(answer()); },
        [weak = weak_from_this(), host](const Result<TaskResult>& result) {
          const auto self = weak.lock();
          if (self && !self->closed_) self->buried(result ? *result : unanswered(*host, result.error()));
        });
  }

  void buried(const TaskResult& result) {
    reaped_ = true;
    finish(result);
  }

  LostHost lost(bool alive, TaskEnding ending) {
    ending.start_time_ms = start_time_ms_;
    return {request_,
            deps_.settings.host_binary,
            deps_.settings.seal,
            state_dir_,
            pid_,
            start_ticks_,
            !adopted_,
            UniqueFd(::fcntl(exit_.native_handle(), F_DUPFD_CLOEXEC, 3)),
            last_words(),
            alive,
            std::move(ending)};
  }

  std::string last_words() const {
    std::string text(kMaxErrorBytes, '\0');
    const ssize_t count = ::pread(errors_.get(), text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text.substr(0, text.find('\n'));
  }

  const LauncherDeps deps_;
  const TaskRequest request_;
  const std::filesystem::path state_dir_;
  TaskListener& listener_;
  const std::int64_t start_time_ms_ = wall_ms();
  const pid_t pid_;
  const std::uint64_t start_ticks_;
  const bool adopted_;
  const bool can_answer_;  // one of an earlier version, adopted, cannot
  Descriptor control_;
  Descriptor exit_;  // a pidfd: readable when the host has ended
  const UniqueFd errors_;
  asio::steady_timer question_;
  asio::steady_timer ending_;
  asio::steady_timer time_limit_;
  asio::steady_timer silence_;
  std::optional<std::string> order_;  // to end, and why
  std::optional<Clock::time_point> end_by_;
  int unanswered_ = 0;
  std::uint64_t heard_ = 0;  // messages
  std::uint64_t heard_when_over_ = 0;
  std::uint64_t heard_when_given_up_ = 0;
  bool started_ = false;
  bool finished_ = false;
  bool burying_ = false;  // it is answered for
  bool reaped_ = false;
  bool closed_ = false;
};

std::unique_ptr<TaskProcess> TaskProcess::follow(const LauncherDeps& deps, LaunchedHost host,
                                                 const TaskRequest& request, const std::filesystem::path& state_dir,
                                                 TaskListener& listener) {
  auto impl = std::make_shared<Impl>(deps, std::move(host), request, state_dir, listener);
  impl->listen();
  return std::unique_ptr<TaskProcess>(new TaskProcess(std::move(impl)));
}

Result<std::unique_ptr<TaskProcess>> TaskProcess::start(const LauncherDeps& deps, const TaskRequest& request,
                                                        const std::filesystem::path& state_dir,
                                                        TaskListener& listener) {
  PORPOISE_TRY(LaunchedHost host, launch_host(deps.settings, request, state_dir, deps.children));
  return follow(deps, std::move(host), request, state_dir, listener);
}

TaskProcess::~TaskProcess() { impl_->close(); }

void TaskProcess::cancel(std::string reason) { impl_->cancel(std::move(reason), false); }
void TaskProcess::kill(std::string reason) { impl_->cancel(std::move(reason), true); }
void TaskProcess::give_up(std::string reason) { impl_->give_up(std::move(reason)); }
std::int64_t TaskProcess::pid() const { return impl_->pid(); }

}  // namespace porpoise
