// A few threads for what blocks, so that the control thread does not: its work is done in any order, answers are posted
// back by whoever asked.
//
// post() is called on the control thread. Signals never arrive here. At its end the work in hand is waited for and the
// work behind it is dropped.
#pragma once

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <optional>
#include <utility>

namespace porpoise {

class ThreadPool {
 public:
  explicit ThreadPool(std::size_t count);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  template <typename Work>
  void post(Work work) {
    ++unfinished_;
    boost::asio::post(*pool_, [this, work = std::move(work)]() mutable {
      work();
      --unfinished_;
    });
  }

  std::size_t unfinished() const { return unfinished_; }

 private:
  std::atomic<std::size_t> unfinished_ = 0;
  std::optional<boost::asio::thread_pool> pool_;  // its end stops and joins
};

}  // namespace porpoise
