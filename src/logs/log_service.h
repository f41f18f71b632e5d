// Answers what masters and API servers ask about task logs (3.1 `LoggerRequestProcessor`).
//
// Every request gets an answer, whatever is wrong with it: 3.1 stays silent, and its caller waits for 10 s. Where
// people read the answer, one line explains; never on a later page, which a viewer takes as a reason to ask for the
// next.
//
// LogService does the work and waits for disks; LogThread has it do that beside the control loop. What is in a log goes
// to the peer alone.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/blocking_calls.h"
#include "base/result.h"
#include "logs/log_answer.h"
#include "logs/log_pager.h"
#include "logs/log_root.h"
#include "wire/messages.h"

namespace porpoise {

class LogEvents {
 public:
  virtual ~LogEvents() = default;
  // A request could not be served: kDenied is a peer asking for what is no task log, kNotFound is usual, the rest is
  // trouble with the disk.
  virtual void on_log_problem(const Error& problem) = 0;
};

// The answers themselves, piece by piece.
//
// Synchronous: it waits for disks, so it lives on a thread of its own, where it delays no kill. Thread-compatible.
class LogService {
 public:
  // `profile` and `events` are borrowed; `events` hears on the caller's thread.
  LogService(LogRoot root, const wire::Profile& profile, LogEvents& events)
      : root_(std::move(root)), profile_(profile), events_(events) {}

  // The beginning of the answer. A log that is too large is answered with its end, and a first line that says so.
  std::unique_ptr<LogAnswer> begin(const LogRequest& request, std::int64_t opaque);
  // The next piece of an answer, of this service or of another one.
  Result<LogPiece> next(LogAnswer& answer, bool hurry) { return noted(answer.next(pager_, hurry)); }

  // The answer to a request for what cannot be read now, as a frame. It waits for nothing.
  static std::string unread(const LogRequest& request, const wire::Profile& profile, std::int64_t opaque);

 private:
  template <typename T>
  Result<T> noted(Result<T> result) const {
    if (!result) events_.on_log_problem(result.error());
    return result;
  }
  Result<std::unique_ptr<LogAnswer>> answer(const wire::ViewLogPage& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::ViewWholeLog& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::GetLogBytes& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::RemoveLog& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> answer(const wire::GetAppIds& request, std::int64_t opaque);
  Result<std::unique_ptr<LogAnswer>> content(wire::LogContent kind, const std::string& path, std::size_t most,
                                             std::int64_t opaque);
  std::unique_ptr<LogAnswer> ready(const wire::Outgoing& message, std::int64_t opaque) const;

  LogRoot root_;
  LogPager pager_;
  const wire::Profile& profile_;
  LogEvents& events_;
};

// A request, and its answer as far as it is made.
struct LogJob {
  LogRequest request;
  std::int64_t opaque = 0;
  std::unique_ptr<LogAnswer> answer;  // of LogThread
};

// Reads logs for peers on a thread of its own, so that a slow disk delays neither a kill nor a heartbeat; answers come
// back as pieces of frames, since turning 32 MiB into base64 takes long, too.
//
// A file system that does not answer in time is given up on, and the peer is told so before it gives up itself (callers
// of 3.1 wait for 10 s). The thread is nicer than the others: strangers make it work. Owned by Daemon; next(),
// its answers and events are on the control thread.
class LogThread {
 public:
  static constexpr std::chrono::milliseconds kLimit{8000};  // of one turn

  LogThread(boost::asio::io_context& control, LogRoot root, std::shared_ptr<const wire::Profile> profile,
            LogEvents& events, std::chrono::milliseconds limit = kLimit);
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;
  ~LogThread();

  // One turn of this job; one at a time of each. On an error there will be no next one: kTimeout, kUnavailable and kIo
  // are about the disk; kCancelled: there was no memory.
  void next(const std::shared_ptr<LogJob>& job, bool hurry, std::function<void(Result<LogPiece>)> on_piece);

  // What to send instead of the answer to it.
  std::string unread(const LogJob& job) const { return LogService::unread(job.request, *profile_, job.opaque); }
  std::chrono::milliseconds limit() const { return limit_; }

  // Turns given up on whose file system has not answered yet.
  std::size_t hung() const { return calls_.hung(); }

 private:
  class Readers;

  const std::shared_ptr<const wire::Profile> profile_;
  const std::shared_ptr<Readers> readers_;
  LogEvents& events_;
  const std::chrono::milliseconds limit_;
  BlockingCalls calls_;
};

}  // namespace porpoise
