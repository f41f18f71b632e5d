#include "worker/graceful_shutdown.h"

#include <chrono>
#include <csignal>
#include <string>
#include <utility>

namespace porpoise {
namespace {

using boost::system::error_code;

// For the last acknowledgements. Masters that are away hear of the rest from the next run of the worker.
constexpr std::chrono::seconds kFlushLimit{5};
constexpr std::chrono::milliseconds kFlushLook{20};

}  // namespace

GracefulShutdown::GracefulShutdown(GracefulShutdownDeps parts)
    : parts_(std::move(parts)), signals_(parts_.io, SIGTERM, SIGINT), limit_(parts_.io), flush_(parts_.io) {
  wait_for_signal();
}

void GracefulShutdown::wait_for_signal() {
  signals_.async_wait([this](const error_code& problem, int) {
    if (problem) return;
    if (stage_ == Stage::kWorking)
      drain();
    else
      end_at_once("a second signal came");
    if (stage_ != Stage::kGone) wait_for_signal();
  });
}

void GracefulShutdown::drain() {
  stage_ = Stage::kDraining;
  parts_.log.info("draining: no new tasks, those that run may finish",
                  {{"running", parts_.table.running()}, {"limit_s", parts_.config.drain_timeout.count() / 1000}});
  parts_.membership.leave();
  limit_.expires_after(parts_.config.drain_timeout);
  limit_.async_wait([this](const error_code& problem) {
    if (!problem && stage_ == Stage::kDraining) end_at_once("they did not finish in time");
  });
  parts_.desk.drain([this] {
    if (stage_ == Stage::kDraining) flush(std::chrono::steady_clock::now() + kFlushLimit);
  });
}

void GracefulShutdown::end_at_once(const char* why) {
  if (std::exchange(stage_, Stage::kEnding) >= Stage::kEnding) return;
  parts_.log.warn("ending the tasks that run: " + std::string(why), {{"running", parts_.table.running()}});
  parts_.membership.end();
  parts_.desk.fence("its worker ends: masters run it elsewhere", [this] { gone(); });
}

void GracefulShutdown::flush(boost::asio::steady_timer::time_point limit) {
  if (parts_.table.outbox().size() == 0 || std::chrono::steady_clock::now() > limit) return gone();
  flush_.expires_after(kFlushLook);
  flush_.async_wait([this, limit](const error_code& problem) {
    if (!problem && stage_ == Stage::kDraining) flush(limit);
  });
}

void GracefulShutdown::gone() {
  if (std::exchange(stage_, Stage::kGone) == Stage::kGone) return;
  signals_.cancel();
  limit_.cancel();
  parts_.log.info("gone", {{"unacknowledged", parts_.table.outbox().size()}});
  parts_.on_gone();
}

}  // namespace porpoise
