#include "worker/lease_keeper.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/descriptor.h"
#include "base/signals.h"
#include "process/process_info.h"
#include "taskdir/lease.h"

namespace porpoise {

struct LeaseKeeper::Shared {
  Shared(std::filesystem::path path, std::function<Status()> look, std::function<void(const Error&)> handler)
      : file(std::move(path)), look_after(std::move(look)), on_problem(std::move(handler)) {}

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return stopped || next; });
      if (stopped) return;
      const Lease lease = *std::exchange(next, std::nullopt);
      lock.unlock();
      const Status written = write(lease);
      const Status looked = look_after();
      lock.lock();
      if (!written && !stopped) on_problem(written.error().wrap("cannot renew the lease: tasks may end as fenced"));
      if (!looked && !stopped) on_problem(looked.error());
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
  const std::function<void(const Error&)> on_problem;
  const std::string boot = boot_id();
  UniqueFd fd;  // of the thread
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Lease> next;
  bool stopped = false;
};

LeaseKeeper::LeaseKeeper(std::filesystem::path file, bool keep_tasks, std::function<Status()> look_after,
                         std::function<void(const Error&)> on_problem)
    : keep_tasks_(keep_tasks),
      shared_(std::make_shared<Shared>(std::move(file), std::move(look_after), std::move(on_problem))) {
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
