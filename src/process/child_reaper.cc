#include "process/child_reaper.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/signals.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIdleLook{1000};  // also without a signal: one may have been lost
// A starter waits for its child at once; a zombie as old as this was given up on (sudo that did not answer).
constexpr std::chrono::seconds kUnclaimed{10};
// Without a pause it takes some 100 us from one look to the next, which hardly anybody forks faster than.
constexpr milliseconds kFastFight{500};
constexpr milliseconds kFightPause{2};
constexpr milliseconds kHopelessPause{50};
constexpr std::size_t kNamed = 10;
constexpr std::size_t kMaxKept = 10'000;

// Of the calling thread: a process that forks as fast as it can gets its share of the machine, and we need more than
// that. Only root may.
void set_niceness(int niceness) { ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), niceness); }

}  // namespace

ChildReaper::ChildReaper(Handlers handlers, milliseconds patience)
    : handlers_(std::move(handlers)),
      patience_(patience),
      session_(::getsid(0)),
      niceness_(::getpriority(PRIO_PROCESS, 0)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::pthread_sigmask(SIG_BLOCK, &child, nullptr);  // threads to come inherit it
  signals_.reset(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
}

ChildReaper::~ChildReaper() {
  stop_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

// --- Children of our own ---

Result<pid_t> ChildReaper::start(const SpawnSpec& spec) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  starting_.insert(ticket);
  lock.unlock();
  auto child = spawn(spec);
  lock.lock();
  if (child) expected_.insert(*child);
  starting_.erase(ticket);
  changed_.notify_all();
  return child;
}

// Under the lock: as soon as it has been waited for, its number may be that of another child.
int ChildReaper::collect(pid_t child) {
  const std::lock_guard lock(mutex_);
  int status = -1;
  if (::waitpid(child, &status, WNOHANG) == 0) return -1;
  expected_.erase(child);
  return status;
}

void ChildReaper::collect_soon(pid_t child) {
  const std::lock_guard lock(mutex_);
  if (::waitpid(child, nullptr, WNOHANG) == 0)
    ending_.insert(child);  // SIGCHLD comes
  else
    expected_.erase(child);
}

void ChildReaper::collect_ended() {
  const std::lock_guard lock(mutex_);
  std::erase_if(ending_, [this](pid_t child) {
    if (::waitpid(child, nullptr, WNOHANG) == 0) return false;
    expected_.erase(child);
    return true;
  });
}

void ChildReaper::leave(pid_t child) {
  {
    const std::lock_guard lock(mutex_);
    expected_.erase(child);
  }
  ::eventfd_write(wake_.get(), 1);
}

// --- Leftovers ---

void ChildReaper::keep(std::string entry) {
  const std::lock_guard lock(mutex_);
  kept_.insert(entry);
  kept_in_order_.push_back(std::move(entry));
  if (kept_in_order_.size() <= kMaxKept) return;
  kept_.erase(kept_in_order_.front());
  kept_in_order_.pop_front();
}

std::vector<ProcessInfo> ChildReaper::end_leftovers(milliseconds limit) {
  std::unique_lock lock(mutex_);
  const std::uint64_t first = looks_begun_ + 1;
  ::eventfd_write(wake_.get(), 1);
  if (changed_.wait_for(lock, limit, [&] { return clean_look_ >= first; })) return {};
  std::vector<ProcessInfo> alive;
  for (auto& [pid, leftover] : leftovers_) {
    if (leftover.process.ended()) continue;
    leftover.named = true;
    alive.push_back(leftover.process);
  }
  return alive;
}

void ChildReaper::run() {
  milliseconds limit{0};
  while (true) {
    wait_for_news(limit);
    if (stop_) return;
    limit = look() ? kIdleLook : pause();
  }
}

void ChildReaper::wait_for_news(milliseconds limit) {
  std::array<pollfd, 2> events{pollfd{signals_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
  ::poll(events.data(), events.size(), static_cast<int>(limit.count()));
  signalfd_siginfo ignored{};
  while (::read(signals_.get(), &ignored, sizeof ignored) > 0) continue;
  if (events[1].revents != 0) {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
  }
}

// True when there is no leftover.
bool ChildReaper::look() {
  collect_ended();
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++looks_begun_;
  }
  const std::vector<pid_t> seen = strangers();
  bool clean = true;
  for (const pid_t child : seen) clean &= handle(child);
  forget_the_dead(seen);
  name_survivors();
  if (clean) tell_ended();
  const std::lock_guard lock(mutex_);
  if (clean) clean_look_ = number;
  changed_.notify_all();
  return clean;
}

// Children that were not started here. Whoever was a child when it was listed, and had been started here, is expected
// as soon as the starts are done that were in progress then.
std::vector<pid_t> ChildReaper::strangers() {
  std::vector<pid_t> found = children_of(::getpid());
  std::unique_lock lock(mutex_);
  const auto remove_expected = [&] { std::erase_if(found, [&](pid_t child) { return expected_.contains(child); }); };
  remove_expected();
  if (found.empty()) return found;
  const std::uint64_t later = next_ticket_;
  changed_.wait(lock, [&] { return starting_.empty() || *starting_.begin() >= later; });
  remove_expected();
  return found;
}

// False for a leftover, alive or not: it may have left another one since the children were listed.
bool ChildReaper::handle(pid_t child) {
  const auto process = read_process(child);
  if (!process || process->parent != ::getpid()) return false;  // waited for by somebody else, just now
  if (process->session == session_) {
    if (!process->ended()) return true;
    const auto since = own_zombies_.emplace(child, Clock::now()).first->second;
    if (Clock::now() - since > kUnclaimed) ::waitpid(child, nullptr, WNOHANG);
    return true;
  }
  if (!process->ended() && is_kept(child)) return true;
  if (!process->ended()) fight(*process);
  if (::waitpid(child, nullptr, WNOHANG) > 0) last_news_ = Clock::now();
  return false;
}

bool ChildReaper::is_kept(pid_t child) {
  const std::lock_guard lock(mutex_);
  if (kept_.empty()) return false;
  const std::string_view any = *kept_.begin();  // all are of one variable
  return kept_.contains(find_environment_entry(child, any.substr(0, any.find('=') + 1)));
}

void ChildReaper::fight(const ProcessInfo& child) {
  ::kill(child.pid, SIGKILL);
  // In one go with those of its group that have not become our children yet. The group is not our own: another session.
  if (child.group > 1) ::kill(-child.group, SIGKILL);
  const std::lock_guard lock(mutex_);
  const auto [entry, is_new] = leftovers_.try_emplace(child.pid, Leftover{child, Clock::now()});
  if (!is_new && entry->second.process.start_ticks == child.start_ticks) {
    entry->second.process = child;
    return;
  }
  entry->second = {child, Clock::now()};
  if (ended_++ == 0) set_niceness(-20);
  if (first_ended_.size() < kNamed) first_ended_.push_back(child);
  last_news_ = Clock::now();
}

void ChildReaper::forget_the_dead(const std::vector<pid_t>& seen) {
  const auto is_gone = [&](const auto& entry) {
    return std::find(seen.begin(), seen.end(), entry.first) == seen.end() || !read_process(entry.first);
  };
  std::erase_if(own_zombies_, is_gone);
  const std::lock_guard lock(mutex_);
  std::erase_if(leftovers_, is_gone);
}

void ChildReaper::name_survivors() {
  std::vector<ProcessInfo> survivors;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [pid, leftover] : leftovers_)
      if (Clock::now() - leftover.since > patience_ && !std::exchange(leftover.named, true))
        survivors.push_back(leftover.process);
  }
  for (const ProcessInfo& survivor : survivors) handlers_.on_survivor(survivor);
}

void ChildReaper::tell_ended() {
  if (ended_ == 0) return;
  set_niceness(niceness_);
  handlers_.on_ended(std::exchange(ended_, 0), std::exchange(first_ended_, {}));
}

// Those that are left are stuck in the kernel, or may not be signalled, when nobody new comes.
milliseconds ChildReaper::pause() const {
  const auto quiet = Clock::now() - last_news_;
  if (quiet < kFastFight) return milliseconds(0);
  return quiet < patience_ ? kFightPause : kHopelessPause;
}

}  // namespace porpoise
