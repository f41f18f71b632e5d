// Threads for calls that may take long, or never come back: a name service, a network's file system, a process to wait
// for. The control thread asks and is told; it never waits.
//
// Owned by Daemon or by who uses it; all functions are called on the thread of the io_context, which outlives
// this, and answers arrive there. Each call has a deadline. One that misses it is given up on: whoever asked is told
// so, its thread is left to itself and another one takes its place, up to a bound. Threads are begun when a call needs
// one and end when they have had nothing to do for a while: a worker at rest has none. Signals never arrive on them.
//
// At the end, work in hand is waited for, within limits, and what waits behind it is dropped; nobody is told then.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace porpoise {

struct BlockingCallLimits {
  std::size_t threads = 2;    // at most
  std::size_t max_hung = 16;  // threads given up on, together; then calls fail until one of them comes back
  std::size_t max_waiting = 100'000;
  std::chrono::milliseconds max_wait{0};       // for a thread; 0: for as long as it takes
  std::chrono::milliseconds last_wait{5'000};  // of the destructor, for all work in hand
  std::chrono::milliseconds max_idle{5'000};   // then a thread ends
};

class BlockingCalls {
 public:
  using Limits = BlockingCallLimits;

  explicit BlockingCalls(boost::asio::io_context& control, Limits limits = {});
  BlockingCalls(const BlockingCalls&) = delete;
  BlockingCalls& operator=(const BlockingCalls&) = delete;
  ~BlockingCalls();

  // Runs `work`, a function without arguments that gives a Result, on one of the threads; then `done` with it, once and
  // never from inside this call. `deadline` counts from when a thread takes the work up; then `done` gets kTimeout,
  // "<what> has not come back within 5 s". Without a thread that is not hung, with too many calls waiting, or
  // after too long a wait for a thread, it gets kUnavailable. `late`, if any, gets what came after `done` had been told
  // of the deadline: to undo it, or to use it.
  template <typename Work, typename Outcome = std::invoke_result_t<Work>>
  void call(std::string what, std::chrono::milliseconds deadline, Work work,
            std::type_identity_t<std::function<void(Outcome)>> done,
            std::type_identity_t<std::function<void(Outcome)>> late = {}) {
    const auto outcome = std::make_shared<std::optional<Outcome>>();
    const auto kept = std::make_shared<Work>(std::move(work));  // it may be one that cannot be copied
    Job job;
    job.what = std::move(what);
    job.deadline = deadline;
    job.work = [outcome, kept] { outcome->emplace((*kept)()); };
    job.done = [outcome, done] { done(std::move(**outcome)); };
    job.given_up = [done](const Error& why) { done(fail(why)); };
    if (late) job.late = [outcome, late = std::move(late)] { late(std::move(**outcome)); };
    take(std::move(job));
  }

  std::size_t unfinished() const;  // calls whose `done` is still to come
  std::size_t hung() const;        // calls given up on that have not come back yet

 private:
  struct Job {
    std::string what;
    std::chrono::milliseconds deadline{0};
    std::function<void()> work;  // on a thread
    std::function<void()> done;  // the rest on the control thread
    std::function<void(const Error& why)> given_up;
    std::function<void()> late;
    std::chrono::steady_clock::time_point asked;
  };
  class Thread;
  class Impl;
  void take(Job job);

  const std::shared_ptr<Impl> impl_;  // threads have weak pointers to it
};

}  // namespace porpoise
