#include "observe/loop_monitor.h"

#include "base/exhaustion.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;

const std::string kUnnamed = "other";

}  // namespace

// A handler that throws is given up where it was; whoever threw has said what the system lacks.
void LoopMonitor::run(boost::asio::io_context& io) {
  while (!io.stopped())
    if (const Status done = caught("a handler was given up", [&] { return turn(io), Status(); }); !done)
      log_.error(done.error().to_string());
}

void LoopMonitor::turn(boost::asio::io_context& io) {
  while (!io.stopped()) {
    named_ = false;
    const auto began = Clock::now();
    if (io.poll_one() == 0)
      io.run_one();  // it waits for the handler first, so this tells nothing of the handler
    else if (!named_)
      record(kUnnamed, Clock::now() - began);
  }
}

LoopMonitor::Scope::Scope(LoopMonitor& monitor, std::string_view handler) {
  if (monitor.handler_ != nullptr) return;
  monitor_ = &monitor;
  monitor.begin(handler);
}

LoopMonitor::Scope::~Scope() {
  if (monitor_ != nullptr) monitor_->end();
}

void LoopMonitor::begin(std::string_view handler) {
  auto name = names_.find(handler);
  if (name == names_.end()) name = names_.emplace(handler).first;
  named_ = true;
  began_ = Clock::now().time_since_epoch().count();
  handler_ = &*name;
}

void LoopMonitor::end() {
  const auto took = Clock::now().time_since_epoch() - Clock::duration(began_);
  record(*handler_.exchange(nullptr), took);
}

void LoopMonitor::record(const std::string& handler, Clock::duration took) {
  metrics_.handled(handler, took);
  if (took < kTooLong) return;
  log_.warn("a handler held the loop: nobody was answered meanwhile",
            {{"handler", handler}, {"ms", std::chrono::duration_cast<milliseconds>(took).count()}});
}

std::optional<LoopMonitor::Current> LoopMonitor::current(Clock::time_point now) const {
  const std::string* const handler = handler_;
  if (handler == nullptr) return std::nullopt;
  return Current{*handler, now.time_since_epoch() - Clock::duration(began_)};
}

}  // namespace porpoise
