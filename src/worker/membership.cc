#include "worker/membership.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/signals.h"
#include "process/process_info.h"
#include "taskdir/liveness.h"
#include "worker/task_executor.h"

namespace porpoise {
// --- What it hears ---

void Membership::on_registered(bool resumed, std::int64_t startup_time_ms) {
  deps_.log.info(resumed ? "registered: the session of the previous run continues" : "registered",
                 {{"startup_time", startup_time_ms}});
  connected_ = true;
  deps_.loop.post(event::Registered{resumed});
}

void Membership::on_suspended() {
  deps_.log.warn("the connection to ZooKeeper is lost; tasks go on");
  connected_ = false;
}

void Membership::on_reconnected() {
  deps_.log.info("connected to ZooKeeper again, in the same session");
  connected_ = true;
}

void Membership::on_expired(std::string_view why) {
  deps_.log.error("the registration has ended: " + std::string(why));
  deps_.metrics.messages.session_expired();
  connected_ = false;
  deps_.loop.post(event::SessionLost{});
}

void Membership::on_masters(const std::vector<std::string>& addresses) {
  const LoopMonitor::Scope scope(deps_.monitor, "masters");
  deps_.masters.set_registered(addresses);
}

void Membership::on_problem(const Error& error) {
  const bool denied = error.code() == ErrorCode::kDenied;
  deps_.log.error(error.to_string() + "; trying on; look at the key '" + (denied ? "zookeeper-digest" : "zookeeper") +
                  "' if that does not help");
}

// On the registration's thread.
void Membership::on_alive(std::chrono::steady_clock::time_point sent, std::chrono::milliseconds session_timeout) {
  deps_.lease.renew(sent, session_timeout);
  boost::asio::post(deps_.io, [&executor = deps_.executor, sent] { executor.session_lives(sent); });
}

// --- What it says ---

namespace {

constexpr std::chrono::seconds kHangs{5};

}  // namespace

std::string WorkerHeartbeat::text(std::int64_t startup_time_ms, const LoopLevels& levels) {
  name_what_hangs();
  const Load load = load_.sample(config_.data_dir);
  Heartbeat beat;
  beat.startup_time_ms = startup_time_ms;
  beat.report_time_ms = wall_ms();
  beat.cpu_usage = load.cpu_usage;
  beat.memory_usage = load.memory_usage;
  beat.load_average = load.load_average;
  beat.available_memory_gib = load.available_memory_gib;
  beat.max_cpu_load_avg = max_load_average(config_.max_cpu_load_avg, load.cpus);
  beat.reserved_memory_gib = config_.reserved_memory;
  beat.disk_available_gib = load.disk_available_gib;
  beat.process_id = ::getpid();
  beat.host_weight = config_.host_weight;
  beat.waiting_tasks = levels.waiting_tasks;
  beat.exec_threads = config_.exec_threads;
  beat.unwilling = levels.unwilling;
  if (server_status(beat) == ServerStatus::kAbnormal) metrics_.tasks.overloaded();
  note_overload(beat);
  return to_json_text(beat);
}

std::string WorkerHeartbeat::overload() const {
  const std::lock_guard lock(mutex_);
  return overload_;
}

void WorkerHeartbeat::note_overload(const Heartbeat& beat) {
  std::string now;
  for (const std::string& limit : overloads(beat)) now += (now.empty() ? "" : "; ") + limit;
  const std::lock_guard lock(mutex_);
  if (overload_.empty() && !now.empty()) log_.warn("overloaded: masters send fewer tasks here, or none: " + now);
  if (!overload_.empty() && now.empty()) log_.warn("no longer overloaded");
  overload_ = std::move(now);
}

void WorkerHeartbeat::name_what_hangs() {
  const auto current = monitor_.current();
  if (!current || current->since < kHangs) return;
  log_.error(
      "a handler holds the loop and has not come back: nobody is answered",
      {{"handler", current->handler}, {"s", std::chrono::duration_cast<std::chrono::seconds>(current->since).count()}});
}

// --- Until when ---

namespace {

constexpr std::chrono::seconds kLookEvery{3};  // without a renewal: ZooKeeper may be away for long

}  // namespace

struct LeaseKeeper::Shared {
  Shared(std::filesystem::path path, std::function<Status()> look, LeaseEvents& hears)
      : file(std::move(path)), look_after(std::move(look)), events(hears) {}

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait_for(lock, kLookEvery, [this] { return stopped || next; });
      if (stopped) return;
      const std::optional<Lease> lease = std::exchange(next, std::nullopt);
      lock.unlock();
      const Status written = lease ? write(*lease) : Status();
      const Status looked = look_after();
      lock.lock();
      if (!written && !stopped)
        events.on_lease_problem(written.error().wrap("cannot renew the lease: tasks may end as fenced"));
      if (!looked && !stopped) events.on_lease_problem(looked.error());
    }
  }

  // In place: a full disk does not matter then, nor how many look at it.
  Status write(const Lease& lease) {
    if (!fd) fd.reset(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return fail_errno("cannot open " + file.string(), errno);
    const std::string text = encode(lease);
    if (::pwrite(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size())) return {};
    return fail_errno("cannot write " + file.string(), errno);
  }

  const std::filesystem::path file;
  const std::function<Status()> look_after;
  LeaseEvents& events;  // while it is not stopped
  const std::string boot = boot_id();
  UniqueFd fd;  // of the thread
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Lease> next;
  bool stopped = false;
};

LeaseKeeper::LeaseKeeper(std::filesystem::path file, bool keep_tasks, std::function<Status()> look_after,
                         LeaseEvents& events)
    : keep_tasks_(keep_tasks), shared_(std::make_shared<Shared>(std::move(file), std::move(look_after), events)) {
  const BlockedSignals blocked;
  std::thread([shared = shared_] { shared->run(); }).detach();
}

LeaseKeeper::~LeaseKeeper() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopped = true;
  shared_->changed.notify_all();
}

void LeaseKeeper::renew(std::chrono::steady_clock::time_point asked, std::chrono::milliseconds session_timeout) {
  const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - asked);
  const std::int64_t renewed = boottime_ms() - ago.count();
  const std::int64_t expires =
      keep_tasks_ ? std::numeric_limits<std::int64_t>::max() : renewed + session_timeout.count();
  const std::lock_guard lock(shared_->mutex);
  shared_->next = Lease{shared_->boot, renewed, expires};
  shared_->changed.notify_all();
}

}  // namespace porpoise
