// Reads logs for peers on a thread of its own, so that a slow disk delays neither a kill nor a heartbeat; answers
// come back as whole frames, since turning 32 MiB into base64 takes long, too.
//
// Requests are answered in the order they came. A file system that does not answer in time is given up on, and the peer
// is told so before it gives up itself (callers of 3.1 wait for 10 s). Owned by cli/worker.cc; ask(), its answers and
// `on_problem` are on the control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "base/blocking_calls.h"
#include "logs/log_root.h"
#include "logs/log_service.h"
#include "wire/messages.h"

namespace porpoise {

using LogRequest =
    std::variant<wire::ViewLogPage, wire::ViewWholeLog, wire::GetLogBytes, wire::RemoveLog, wire::GetAppIds>;

class LogThread {
 public:
  static constexpr std::chrono::milliseconds kLimit{8000};  // of one request, and of the wait for its turn

  // `on_problem`: see LogService.
  LogThread(boost::asio::io_context& control, LogRoot root, std::shared_ptr<const wire::Profile> profile,
            LogService::Report on_problem = {}, std::chrono::milliseconds limit = kLimit);
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;
  ~LogThread();

  // `on_answer` gets the frame to send, with that opaque.
  void ask(LogRequest request, std::int64_t opaque, std::function<void(std::string frame)> on_answer);

  // Requests given up on whose file system has not answered yet.
  std::size_t hung() const { return calls_.hung(); }

 private:
  class Readers;

  const std::shared_ptr<Readers> readers_;
  const std::shared_ptr<const wire::Profile> profile_;
  const LogService::Report on_problem_;
  const std::chrono::milliseconds limit_;
  BlockingCalls calls_;
};

}  // namespace porpoise
