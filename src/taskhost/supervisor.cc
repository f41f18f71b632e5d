#include "taskhost/supervisor.h"

#include <poll.h>
#include <porpoise/plugin.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "model/host_protocol.h"
#include "process/kill_tree.h"
#include "process/process_info.h"
#include "taskhost/limits.h"

namespace porpoise {
namespace {

constexpr std::size_t kReadBytes = 64U << 10U;
constexpr std::size_t kTurnBytes = 1U << 20U;  // of output, before other events get their turn
constexpr int kTurnPackets = 256;
constexpr int kQueuePackets = 4096;  // more than a socket's buffer can hold

}  // namespace

Supervisor::Supervisor(const HostOptions& options, const TaskRequest& request, TaskLog& log, TaskOutput& output,
                       ControlLink& control, const SudoUser& tenant, TenantKill& sweep, int signals,
                       std::optional<Clock::time_point> deadline)
    : options_(options),
      request_(request),
      log_(log),
      output_(output),
      control_(control),
      tenant_(tenant),
      sweep_(sweep),
      signals_(signals),
      cgroup_(Cgroup::make(cgroup_name(task_cookie(request.task_instance_id, ::getpid(),
                                                   read_process(::getpid()).value_or(ProcessInfo{}).start_ticks)))),
      read_buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)),
      deadline_(deadline),
      next_memory_look_(Clock::time_point::max()) {
  seen_.app_ids = request.app_ids;
  if (!options.lease.empty()) lease_look_ = Clock::now();
}

Result<ExecutionReport> Supervisor::run_plugin() {
  std::int64_t deadline_ms = 0;
  if (deadline_)
    deadline_ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_->time_since_epoch()).count();
  if (request_.plugin_memory_bytes > 0) next_memory_look_ = Clock::now() + kMemoryInterval;
  log_.flush();  // the runner must not inherit unwritten text
  PORPOISE_TRY(runner_, RunnerProcess::start(request_, deadline_ms, cgroup_ ? &*cgroup_ : nullptr, tenant_));
  return follow();
}

Result<ExecutionReport> Supervisor::run_fetch(const std::filesystem::path& program, int order) {
  seen_.end.fetching = true;
  PORPOISE_TRY(runner_, RunnerProcess::start_fetch(program, order, request_.execute_path));
  return follow();
}

ExecutionReport Supervisor::follow() {
  while (true) {
    wait_for_event();
    read_signals();
    reap();
    read_packets(kTurnPackets);
    read_output(kTurnBytes);
    if (over_) break;  // what the requester says now is for the next step
    read_requester();
    look_at_clock();
    if (over_) break;
  }
  read_waiting_output();
  output_.finish();
  seen_.end.runner_status = runner_->status();
  seen_.end.runner_peak_bytes = runner_->peak_bytes();
  return std::move(seen_);
}

// --- Events ---

void Supervisor::wait_for_event() {
  // A negative descriptor is skipped by poll.
  std::array<pollfd, 6> events{pollfd{signals_, POLLIN, 0},
                               pollfd{control_.fd(), POLLIN, 0},
                               pollfd{control_.listener(), POLLIN, 0},
                               pollfd{control_.stranger(), POLLIN, 0},
                               pollfd{runner_->channel().fd(), POLLIN, 0},
                               pollfd{runner_->output(), POLLIN, 0}};
  const Clock::time_point alarm = next_alarm();
  if (alarm == Clock::time_point::max()) {
    ::ppoll(events.data(), events.size(), nullptr, nullptr);
    return;
  }
  const auto left = std::max(alarm - Clock::now(), Clock::duration::zero());
  const auto whole = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout{whole.count(), std::chrono::nanoseconds(left - whole).count()};
  ::ppoll(events.data(), events.size(), &timeout, nullptr);
}

Supervisor::Clock::time_point Supervisor::next_alarm() const {
  if (control_.has_news()) return Clock::now();  // it came while there was no runner yet
  Clock::time_point next = next_memory_look_;
  for (const auto& alarm : {log_.due(), deadline_, kill_at_, lease_look_})
    if (alarm) next = std::min(next, *alarm);
  if (options_.follow && output_.has_news()) next = std::min(next, next_news_);
  return next;
}

void Supervisor::look_at_clock() {
  const Clock::time_point now = Clock::now();
  if (deadline_ && now >= *deadline_) {
    deadline_.reset();
    stop(StopReason::kTimedOut, "", request_.kill_grace);
  }
  if (now >= next_memory_look_) {
    next_memory_look_ = now + kMemoryInterval;
    if (runner_->look_at_memory() > request_.plugin_memory_bytes && !give_up_at_)
      stop(StopReason::kMemory, "", std::chrono::milliseconds(0));
  }
  if (options_.follow && output_.has_news() && now >= next_news_) {
    next_news_ = now + kFollowInterval;
    control_.tell(LineMessage{output_.take_news()});
  }
  if (lease_look_ && now >= *lease_look_) look_at_lease();
  if (kill_at_ && now >= *kill_at_ && !over_) kill_everything();
  if (log_.due() && now >= *log_.due()) log_.flush();
}

void Supervisor::read_signals() {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD)
      stop(StopReason::kCancelled, "the task host was asked to end by signal " + std::to_string(info.ssi_signo),
           request_.kill_grace);
}

void Supervisor::reap() {
  while (true) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid == runner_->pid()) {
      runner_->set_ended(status);
      runner_ended();
    } else if (pid < 0 && errno == ECHILD) {
      over_ = true;  // orphans are adopted, so who has no child has no descendant
      return;
    } else if (pid == 0) {
      if (runner_->ended()) end_leftovers();
      return;
    } else {
      sweep_.child_ended(pid, status);
    }
  }
}

void Supervisor::read_packets(int at_most) {
  Channel& channel = runner_->channel();
  for (; at_most > 0 && channel.fd() >= 0; --at_most) {
    const auto packet = channel.receive(false);
    if (packet) {
      take(*packet);
    } else {
      if (packet.error() == Channel::End::kClosed) channel.close();
      return;
    }
  }
}

void Supervisor::take(const Packet& packet) {
  switch (packet.kind) {
    case PacketKind::kLog:
      log_.write(static_cast<LogLevel>(std::clamp(packet.number, 0, static_cast<int>(LogLevel::kError))), packet.first);
      break;
    case PacketKind::kOutput: output_.from_plugin(packet.first); break;
    case PacketKind::kVariable: take_variable(packet); break;
    case PacketKind::kAppId: take_app_id(packet.first); break;
    case PacketKind::kProgress: control_.tell(ProgressMessage{packet.number, std::string(packet.first)}); break;
    case PacketKind::kBranch: seen_.branch = Branch{packet.number, std::string(packet.first)}; break;
    case PacketKind::kAlert:
      seen_.alert = TaskAlert{packet.number, std::string(packet.first), std::string(packet.second)};
      break;
    case PacketKind::kChildBegins: runner_->channel().send({.kind = PacketKind::kAnswer}); break;
    case PacketKind::kChildBegan:
      if (seen_.process_id == 0) seen_.process_id = packet.number;
      // It may have begun just after the others were asked to end.
      if (seen_.end.stop != StopReason::kNone) terminate(tree_without_runner());
      break;
    case PacketKind::kChildEnded: read_waiting_output(); break;
    case PacketKind::kFetched: take_fetched(packet.number, packet.first); break;
    case PacketKind::kOutcome:
      if (seen_.end.outcome) break;
      seen_.end.outcome = PluginOutcome{packet.number, packet.code, std::string(packet.first)};
      deadline_.reset();
      end_by(Clock::now() + request_.kill_grace);  // for destroy and deinit
      break;
    case PacketKind::kCancel:
    case PacketKind::kAnswer: break;  // not from this side
  }
}

// The runner keeps the limit; here it bounds what a plugin can make of this process.
void Supervisor::take_variable(const Packet& packet) {
  const auto part = static_cast<VariablePart>(packet.number);
  if (part == VariablePart::kTooLarge || variable_.size() + packet.second.size() > kMaxVariableBytes) {
    variable_.clear();
    return output_.refuse(packet.first);
  }
  variable_ += packet.second;
  if (part != VariablePart::kMore) output_.set({std::string(packet.first), std::exchange(variable_, {})});
}

void Supervisor::take_app_id(std::string_view app_id) {
  const auto stored = store_app_id(app_id);
  runner_->channel().send({.kind = PacketKind::kAnswer, .number = stored ? 0 : EIO});
  if (stored)
    control_.tell(AppIdMessage{std::string(app_id)});
  else
    log_.write(LogLevel::kError, "cannot keep app id " + std::string(app_id) + ": " + stored.error().to_string());
}

void Supervisor::take_fetched(std::int64_t millis, std::string_view bytes) {
  FetchedResource fetched{0, std::chrono::milliseconds(millis)};
  std::from_chars(bytes.data(), bytes.data() + bytes.size(), fetched.bytes);
  if (seen_.fetched.size() < kMaxResources) seen_.fetched.push_back(fetched);
}

Status Supervisor::store_app_id(std::string_view app_id) {
  if (seen_.app_ids.size() + app_id.size() >= kMaxAppIdsBytes) return fail(ErrorCode::kInvalid, "there are too many");
  std::string ids = seen_.app_ids + (seen_.app_ids.empty() ? "" : ",") + std::string(app_id);
  PORPOISE_TRY_VOID(write_file(options_.state_dir / kAppIdsFile, ids, 0600, Durability::kDurable));
  seen_.app_ids = std::move(ids);
  return {};
}

void Supervisor::read_output(std::size_t at_most) {
  while (at_most > 0 && runner_->output() >= 0) {
    const ssize_t count = ::read(runner_->output(), read_buffer_.get(), std::min(at_most, kReadBytes));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count <= 0) return runner_->close_output();
    output_.from_children({read_buffer_.get(), static_cast<std::size_t>(count)});
    at_most -= static_cast<std::size_t>(count);
  }
}

// What is in the pipe by now, however much more may follow.
void Supervisor::read_waiting_output() {
  int waiting = 0;
  ::ioctl(runner_->output(), FIONREAD, &waiting);
  read_output(static_cast<std::size_t>(waiting));
}

void Supervisor::read_requester() {
  for (const CancelMessage& order : control_.receive())
    stop(StopReason::kCancelled, order.reason, order.at_once ? std::chrono::milliseconds(0) : request_.kill_grace);
  if (control_.take_loss() && options_.die_with_requester)
    stop(StopReason::kRequesterGone, "", std::min(request_.kill_grace, kUnattendedGrace));
}

// One that cannot be read counts as not renewed since; the task is not ended for one that was never seen.
void Supervisor::look_at_lease() {
  const std::int64_t now = boottime_ms();
  if (!lease_ || now >= lease_->expires_ms)
    if (auto lease = read_lease(options_.lease)) lease_ = *std::move(lease);
  if (lease_ && now >= lease_->expires_ms) {
    lease_look_.reset();
    const std::chrono::milliseconds age(now - lease_->renewed_ms);
    return stop(StopReason::kFenced, in_seconds(std::chrono::round<std::chrono::seconds>(age)), request_.kill_grace);
  }
  const auto left = lease_ ? std::chrono::milliseconds(lease_->expires_ms - now) : kLeaseLook;
  lease_look_ = Clock::now() + std::min(left, kLeaseLook);
}

// --- Ending ---

void Supervisor::stop(StopReason reason, std::string text, std::chrono::milliseconds grace) {
  end_by(Clock::now() + grace);
  if (seen_.end.stop != StopReason::kNone || seen_.end.outcome || runner_->ended()) return;  // what came first decides
  seen_.end.stop = reason;
  seen_.end.stop_text = std::move(text);
  TaskResult why;
  classify_outcome(request_, seen_.end, why);
  runner_->channel().send({.kind = PacketKind::kCancel,
                           .number = cancel_reason(reason),
                           .first = cut_utf8(why.message, kMaxCancelTextBytes)});
  const auto asked = tree_without_runner();
  log_.write(LogLevel::kWarn,
             "ending the task: " + why.message + (asked.empty() ? "" : "; SIGTERM to " + describe(asked)));
  terminate(asked);
}

// A grace period may be shortened, never lengthened.
void Supervisor::end_by(Clock::time_point time) {
  if (!give_up_at_) kill_at_ = std::min(time, kill_at_.value_or(time));
}

void Supervisor::runner_ended() {
  read_packets(kQueuePackets);  // its last words
  const bool ordered = seen_.end.stop != StopReason::kNone;
  if (const auto fault = describe_runner_fault(runner_->status()); fault && seen_.end.outcome && !ordered)
    log_.write(LogLevel::kWarn, "after the end of the task its plugin " + *fault);
}

void Supervisor::end_leftovers() {
  if (std::exchange(leftovers_seen_, true) || seen_.end.stop != StopReason::kNone) return;
  auto left = tree();
  std::erase_if(left, [](const ProcessInfo& process) { return process.ended(); });
  kill_at_.reset();
  // Also when there are zombies only: this is one look, and who forked meanwhile is met by the next one.
  end_by(Clock::now() + std::min(request_.kill_grace, kUnattendedGrace));
  if (left.empty()) return;
  if (request_.keep_leftovers && seen_.end.outcome && seen_.end.outcome->status == PORPOISE_OK) {
    log_.write(LogLevel::kInfo,
               "the task left processes behind, which live on (leftovers: keep) and are no longer part of it; what "
               "they print here from now on breaks their pipe: " +
                   describe(left));
    over_ = true;
    return;
  }
  log_.write(LogLevel::kWarn, "the task left processes behind, which are ended now: " + describe(left));
  terminate(left);
}

void Supervisor::kill_everything() {
  const Clock::time_point now = Clock::now();
  if (!give_up_at_) {
    give_up_at_ = now + kKillLimit;
    log_.write(LogLevel::kWarn, "SIGKILL to " + describe(tree()));
  }
  if (cgroup_) cgroup_->kill_all();
  if (!sweep_.needed()) kill_orphans();
  if (over_) return;
  // Where the kernel does not list children.
  kill_round([this] { return tree(); }, ::getpgrp());
  sweep_.begin(SIGKILL);
  kill_at_ = now + kKillPause;
  if (now < *give_up_at_) return;
  seen_.survivors = tree();
  over_ = true;
}

// A process that forks and ends is faster than a look at all of /proc, and what it leaves makes that look slower still.
// But its orphan is a child of this process at once, and the kernel lists those in no time.
void Supervisor::kill_orphans() {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds && !over_; ++round) {
    reap();
    (void)kill_descendants(::getpid());
  }
}

// A tenant's go through its hand alone: sudo would hand on to its command what we send it, which would then have it
// twice.
void Supervisor::terminate(const std::vector<ProcessInfo>& processes) {
  if (sweep_.needed())
    sweep_.begin(SIGTERM);
  else
    terminate_all(processes);
}

std::vector<ProcessInfo> Supervisor::tree() const {
  auto processes = descendants(list_processes(), ::getpid());
  sweep_.leave_out(processes);
  return processes;
}

std::vector<ProcessInfo> Supervisor::tree_without_runner() const {
  auto processes = tree();
  std::erase_if(processes, [this](const ProcessInfo& process) { return process.pid == runner_->pid(); });
  return processes;
}

}  // namespace porpoise
