// The thread on which logs are read for peers, so that a slow disk delays neither a kill nor a heartbeat.
//
// Requests are answered in the order they came. Owned by cli/worker.cc; ask() and its answers are on the control
// thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <variant>

#include "base/thread_pool.h"
#include "logs/log_service.h"
#include "wire/messages.h"

namespace porpoise {

using LogRequest =
    std::variant<wire::ViewLogPage, wire::ViewWholeLog, wire::GetLogBytes, wire::RemoveLog, wire::GetAppIds>;

class LogThread {
 public:
  LogThread(boost::asio::io_context& control, LogService service);

  void ask(LogRequest request, std::function<void(const wire::Outgoing&)> on_answer);

 private:
  boost::asio::io_context& control_;
  LogService service_;  // on the thread alone
  ThreadPool thread_{1};
};

}  // namespace porpoise
