#include "logs/log_thread.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace porpoise {

LogThread::LogThread(boost::asio::io_context& control, LogService service)
    : control_(control), service_(std::move(service)) {}

void LogThread::ask(LogRequest request, std::function<void(const wire::Outgoing&)> on_answer) {
  thread_.post([this, request = std::move(request), on_answer = std::move(on_answer)] {
    wire::Outgoing answer = std::visit([this](const auto& r) { return service_.answer(r); }, request);
    boost::asio::post(control_, [answer = std::move(answer), on_answer = std::move(on_answer)] { on_answer(answer); });
  });
}

}  // namespace porpoise
