// Reads logs for peers on a thread of its own, so that a slow disk delays neither a kill nor a heartbeat; answers come
// back as pieces of frames, since turning 32 MiB into base64 takes long, too.
//
// A file system that does not answer in time is given up on, and the peer is told so before it gives up itself (callers
// of 3.1 wait for 10 s). The thread is nicer than the others: strangers make it work. Owned by Daemon; next(),
// its answers and `on_problem` are on the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/blocking_calls.h"
#include "logs/log_answer.h"
#include "logs/log_root.h"
#include "logs/log_service.h"
#include "wire/messages.h"

namespace porpoise {

// A request, and its answer as far as it is made.
struct LogJob {
  LogRequest request;
  std::int64_t opaque = 0;
  std::unique_ptr<LogAnswer> answer;  // of LogThread
};

class LogThread {
 public:
  static constexpr std::chrono::milliseconds kLimit{8000};  // of one turn

  // `on_problem`: see LogService.
  LogThread(boost::asio::io_context& control, LogRoot root, std::shared_ptr<const wire::Profile> profile,
            LogService::Report on_problem = {}, std::chrono::milliseconds limit = kLimit);
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
  const LogService::Report on_problem_;
  const std::chrono::milliseconds limit_;
  BlockingCalls calls_;
};

}  // namespace porpoise
