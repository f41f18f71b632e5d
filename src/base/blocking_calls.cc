#include "base/blocking_calls.h"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/signals.h"

namespace porpoise {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// The way back to the control thread, shut when nobody is there any more: a thread that was given up on may come back
// long after the io_context is gone.
struct Door {
  std::mutex mutex;
  asio::io_context* control = nullptr;
};

}  // namespace

// One thread and what it has in hand. What whoever asked has given to be called stays with the control thread.
class BlockingCalls::Thread {
 public:
  explicit Thread(asio::io_context& control) : timer_(control) {}
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread() {
    const std::lock_guard lock(shared_->mutex);
    shared_->ending = true;
    shared_->changed.notify_all();
  }

  // False where the system has no thread for us.
  bool start(milliseconds max_idle, std::function<void(std::uint64_t id)> on_back) {
    const BlockedSignals signals;  // they belong to the control thread
    try {
      std::thread([shared = shared_, max_idle, on_back = std::move(on_back)] {
        run(*shared, max_idle, on_back);
      }).detach();
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  // False, with `job` as it was, when the thread has ended for want of work.
  bool give(std::uint64_t id, Job& job, std::function<void()> on_overdue) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->ending) return false;
    shared_->id = id;
    shared_->work = job.work;
    shared_->changed.notify_all();
    id_ = id;
    until_ = Clock::now() + job.deadline;
    timer_.expires_at(until_);
    timer_.async_wait([on_overdue = std::move(on_overdue)](const boost::system::error_code& problem) {
      if (!problem) on_overdue();
    });
    job_ = std::move(job);
    return true;
  }

  // What it had in hand; it is idle then.
  Job take_back() {
    timer_.cancel();
    return *std::exchange(job_, std::nullopt);
  }

  // For the work in hand.
  void wait(Clock::time_point limit) {
    timer_.cancel();
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_until(lock, std::min(until_, limit), [this] { return !shared_->busy && !shared_->work; });
  }

  bool idle() const { return !job_; }
  bool has(std::uint64_t id) const { return job_ && id_ == id; }

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::function<void()> work;  // to be taken up
    std::uint64_t id = 0;
    bool busy = false;
    bool ending = false;  // takes up nothing more
  };

  static void run(Shared& shared, milliseconds max_idle, const std::function<void(std::uint64_t id)>& on_back) {
    ::pthread_setname_np(::pthread_self(), "blocking-call");  // for top -H, and for tests
    std::unique_lock lock(shared.mutex);
    while (true) {
      shared.changed.wait_for(lock, max_idle, [&] { return shared.work || shared.ending; });
      shared.ending = shared.ending || !shared.work;
      if (!shared.work) return;
      auto work = std::exchange(shared.work, {});
      const std::uint64_t id = shared.id;
      shared.busy = true;
      lock.unlock();
      work();
      work = {};
      lock.lock();
      shared.busy = false;
      shared.changed.notify_all();
      lock.unlock();
      on_back(id);
      lock.lock();
    }
  }

  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  asio::steady_timer timer_;
  std::optional<Job> job_;
  std::uint64_t id_ = 0;
  Clock::time_point until_;
};

class BlockingCalls::Impl : public std::enable_shared_from_this<BlockingCalls::Impl> {
 public:
  Impl(asio::io_context& control, Limits limits) : control_(control), limits_(limits), patience_(control) {
    door_->control = &control;
  }

  void take(Job job) {
    ++unfinished_;
    job.asked = Clock::now();
    waiting_.push_back(std::move(job));
    hand_out();
    if (threads_.empty() || waiting_.size() > limits_.max_waiting)
      asio::post(control_, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->refuse_last();
      });
  }

  void end() {
    {
      const std::lock_guard shut(door_->mutex);
      door_->control = nullptr;
    }
    waiting_.clear();
    patience_.cancel();
    const auto limit = Clock::now() + limits_.last_wait;
    for (const auto& thread : threads_)
      if (!thread->idle()) thread->wait(limit);
    threads_.clear();
    hung_.clear();
  }

  std::size_t unfinished() const { return unfinished_; }
  std::size_t hung() const { return hung_.size(); }

 private:
  void hand_out() {
    for (auto at = threads_.begin(); at != threads_.end() && !waiting_.empty();)
      at = (*at)->idle() && !give(**at) ? threads_.erase(at) : at + 1;
    while (!waiting_.empty() && start_thread()) {
    }
    arm_patience();
  }

  // The call that has waited longest; false when this thread has ended.
  bool give(Thread& thread) {
    const std::uint64_t id = next_id_++;
    const bool given = thread.give(id, waiting_.front(), [weak = weak_from_this(), id] {
      if (const auto self = weak.lock()) self->give_up(id);
    });
    if (given) waiting_.pop_front();
    return given;
  }

  // With that call in hand. False where there are enough threads, or the system has none for us: the next call tries
  // again.
  bool start_thread() {
    if (threads_.size() >= limits_.threads || hung_.size() >= limits_.max_hung) return false;
    auto thread = std::make_unique<Thread>(control_);
    const bool started = thread->start(limits_.max_idle, [door = door_, weak = weak_from_this()](std::uint64_t id) {
      const std::lock_guard open(door->mutex);
      if (door->control == nullptr) return;
      asio::post(*door->control, [weak, id] {
        if (const auto self = weak.lock()) self->came_back(id);
      });
    });
    if (!started || !give(*thread)) return false;
    threads_.push_back(std::move(thread));
    return true;
  }

  void arm_patience() {
    if (limits_.max_wait.count() == 0) return;
    if (waiting_.empty()) {
      patience_.cancel();
      return;
    }
    patience_.expires_at(waiting_.front().asked + limits_.max_wait);
    patience_.async_wait([weak = weak_from_this()](const boost::system::error_code& problem) {
      if (const auto self = weak.lock(); self && !problem) self->refuse_impatient();
    });
  }

  void refuse_impatient() {
    while (!waiting_.empty() && waiting_.front().asked + limits_.max_wait <= Clock::now()) {
      const Job job = std::move(waiting_.front());
      waiting_.pop_front();
      refuse(job, "it has waited for " + in_seconds(limits_.max_wait) + " behind others");
    }
    arm_patience();
  }

  auto find(std::uint64_t id) {
    return std::find_if(threads_.begin(), threads_.end(), [id](const auto& thread) { return thread->has(id); });
  }

  void came_back(std::uint64_t id) {
    if (const auto late = hung_.find(id); late != hung_.end()) {
      const Job job = std::move(late->second);
      hung_.erase(late);  // its thread ends
      hand_out();
      if (job.late) job.late();
      return;
    }
    const Job job = (*find(id))->take_back();
    hand_out();
    --unfinished_;
    job.done();
  }

  void give_up(std::uint64_t id) {
    const auto thread = find(id);
    if (thread == threads_.end()) return;  // it came back just in time
    Job job = (*thread)->take_back();
    const auto given_up = job.given_up;
    const Error why(ErrorCode::kTimeout, job.what + " has not come back within " + in_seconds(job.deadline));
    hung_.emplace(id, std::move(job));
    threads_.erase(thread);
    hand_out();
    --unfinished_;
    given_up(why);
    while (threads_.empty() && !waiting_.empty()) refuse_last();
  }

  void refuse_last() {
    if (waiting_.empty() || (!threads_.empty() && waiting_.size() <= limits_.max_waiting)) return;
    const Job job = std::move(waiting_.back());
    waiting_.pop_back();
    const std::string why = threads_.empty() ? std::to_string(hung_.size()) + " earlier calls have not come back"
                                             : std::to_string(waiting_.size()) + " others wait already";
    refuse(job, why);
  }

  void refuse(const Job& job, const std::string& why) {
    --unfinished_;
    job.given_up({ErrorCode::kUnavailable, job.what + " was not tried: " + why});
  }

  asio::io_context& control_;
  const Limits limits_;
  const std::shared_ptr<Door> door_ = std::make_shared<Door>();
  std::vector<std::unique_ptr<Thread>> threads_;  // except the hung ones
  std::deque<Job> waiting_;
  asio::steady_timer patience_;
  std::map<std::uint64_t, Job> hung_;
  std::uint64_t next_id_ = 1;
  std::size_t unfinished_ = 0;
};

BlockingCalls::BlockingCalls(asio::io_context& control, Limits limits)
    : impl_(std::make_shared<Impl>(control, limits)) {}
BlockingCalls::~BlockingCalls() { impl_->end(); }
void BlockingCalls::take(Job job) { impl_->take(std::move(job)); }
std::size_t BlockingCalls::unfinished() const { return impl_->unfinished(); }
std::size_t BlockingCalls::hung() const { return impl_->hung(); }

}  // namespace porpoise
