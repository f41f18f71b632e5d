#include "worker/log_thread.h"

#include <signal.h>

#include <boost/asio/post.hpp>
#include <utility>

namespace porpoise {

LogThread::LogThread(boost::asio::io_context& control, LogService service)
    : control_(control), service_(std::move(service)), work_(io_.get_executor()) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // signals belong to the control thread
  thread_ = std::thread([this] { io_.run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LogThread::~LogThread() {
  io_.stop();
  thread_.join();
}

void LogThread::ask(LogRequest request, std::function<void(const wire::Outgoing&)> on_answer) {
  boost::asio::post(io_, [this, request = std::move(request), on_answer = std::move(on_answer)]() mutable {
    wire::Outgoing answer = std::visit([this](const auto& r) { return service_.answer(r); }, request);
    boost::asio::post(control_, [answer = std::move(answer), on_answer = std::move(on_answer)] { on_answer(answer); });
  });
}

}  // namespace porpoise
