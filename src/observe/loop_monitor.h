// How long each handler of the control loop takes: a histogram by its name, and a warning that names one that held the
// loop for too long. The loop answers no peer meanwhile, so a handler only computes; what can wait is a BlockingCalls'.
//
// Owned by Daemon, which runs the loop through it. Scopes are opened on the loop's thread; current() is for any.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "observe/log.h"
#include "observe/metrics.h"

namespace porpoise {

class LoopMonitor {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kTooLong{100};

  LoopMonitor(LoopMetrics& metrics, Log& log) : metrics_(metrics), log_(log) {}
  LoopMonitor(const LoopMonitor&) = delete;
  LoopMonitor& operator=(const LoopMonitor&) = delete;

  // Runs the loop until it is stopped. A handler that opens no scope of its own is measured as "other", as far as
  // another handler came before it without a pause.
  void run(boost::asio::io_context& io);

  // One handler at work. `handler` is one of a few names, never text of a peer. A scope within another belongs to it.
  class Scope {
   public:
    Scope(LoopMonitor& monitor, std::string_view handler);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    LoopMonitor* monitor_ = nullptr;  // none: the scope around it measures
  };

  // `handler` as a function that measures each of its calls.
  template <typename Handler>
  auto measured(std::string_view name, Handler handler) {
    return [this, name, handler = std::move(handler)](auto&&... arguments) mutable {
      const Scope scope(*this, name);
      return handler(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  struct Current {
    std::string_view handler;
    Clock::duration since;
  };
  // The handler that is at work now, if any, and for how long.
  std::optional<Current> current(Clock::time_point now = Clock::now()) const;

 private:
  void turn(boost::asio::io_context& io);
  void begin(std::string_view handler);
  void end();
  void record(const std::string& handler, Clock::duration took);

  LoopMetrics& metrics_;
  Log& log_;
  std::set<std::string, std::less<>> names_;  // they stay where they are: other threads read them
  std::atomic<const std::string*> handler_ = nullptr;
  std::atomic<Clock::rep> began_ = 0;
  bool named_ = false;  // since the turn began
};

}  // namespace porpoise
