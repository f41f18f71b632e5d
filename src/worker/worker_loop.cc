#include "worker/worker_loop.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

#include "base/clock.h"

namespace porpoise {
namespace {

using boost::system::error_code;

// For what the disk still has to do when all else is over.
constexpr std::chrono::seconds kDiskLimit{10};

Moment now() { return {wall_ms(), mono_ms()}; }

}  // namespace

WorkerLoop::WorkerLoop(boost::asio::io_context& io, EngineSettings settings, LoopMonitor& monitor)
    : io_(io),
      monitor_(monitor),
      engine_(std::move(settings)),
      wakeup_(io),
      exit_limit_(io),
      signals_(io, SIGTERM, SIGINT) {}

void WorkerLoop::post(Event event) {
  boost::asio::post(io_, [this, event = std::move(event)]() mutable {
    const LoopMonitor::Scope scope(monitor_, name_of(event));
    take(std::move(event));
    carry_out();
  });
}

// The event first: what follows from it comes after the action in the order of its task.
void WorkerLoop::done(std::int64_t task_instance_id, std::optional<Event> event) {
  const LoopMonitor::Scope scope(monitor_, event ? name_of(*event) : "Done");
  if (event) take(*std::move(event));
  order_.done(task_instance_id);
  carry_out();
}

void WorkerLoop::run(ActionPerformer& performer) {
  performer_ = &performer;
  wait_for_signal();
  monitor_.run(io_);
  performer_ = nullptr;
}

void WorkerLoop::take(Event event) {
  const bool was_gone = engine_.gone();
  order_.push(engine_.on(std::move(event), now()));
  if (engine_.gone() && !was_gone) limit_exit();
}

void WorkerLoop::carry_out() {
  while (performer_ != nullptr)
    if (auto action = order_.next())
      performer_->perform(*std::move(action));
    else
      break;
  arm();
}

void WorkerLoop::arm() {
  const auto next = engine_.next_wakeup_mono_ms(now());
  if (!next) {
    wakeup_.cancel();
    return;
  }
  wakeup_.expires_after(std::chrono::milliseconds(std::max<std::int64_t>(0, *next - mono_ms())));
  wakeup_.async_wait([this](const error_code& problem) {
    if (problem) return;
    const LoopMonitor::Scope scope(monitor_, name_of(Event(event::Woken{})));
    take(event::Woken{});
    carry_out();
  });
}

void WorkerLoop::wait_for_signal() {
  signals_.async_wait([this](const error_code& problem, int) {
    if (problem) return;
    take(event::Terminated{});
    carry_out();
    wait_for_signal();
  });
}

void WorkerLoop::limit_exit() {
  exit_limit_.expires_after(kDiskLimit);
  exit_limit_.async_wait([this](const error_code& problem) {
    if (!problem && performer_ != nullptr) performer_->perform(action::Exit{engine_.outbox().size()});
  });
}

}  // namespace porpoise
