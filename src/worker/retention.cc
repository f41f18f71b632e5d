#include "worker/retention.h"

#include <utility>

#include "base/clock.h"

namespace porpoise {
namespace {

constexpr std::chrono::seconds kFirst{5};
constexpr std::chrono::minutes kEvery{10};
constexpr std::chrono::milliseconds kBetweenTurns{20};  // the disk is for tasks first
constexpr std::chrono::seconds kTurnLimit{60};
constexpr std::chrono::hours kSayEvery{24};

}  // namespace

Retention::Retention(boost::asio::io_context& io, const WorkerLoop& loop, RetentionPass::Places places,
                     RetentionRules rules, Log& log)
    : loop_(loop),
      places_(std::move(places)),
      rules_(rules),
      log_(log),
      timer_(io),
      calls_(io, {.threads = 1, .max_hung = 1, .last_wait = std::chrono::milliseconds(0)}) {
  if (rules_.any()) wait(kFirst);
}

void Retention::wait(std::chrono::milliseconds pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) go_on();
  });
}

void Retention::go_on() {
  const Engine& engine = loop_.engine();
  // Else its tasks are not all known, or it leaves.
  if (engine.stage_for_people() != WorkerStage::kWorking) return wait(kFirst);
  if (!pass_) {
    log_.debug("retention: looks for what is too old, or too much");
    pass_ = std::make_shared<RetentionPass>(places_, rules_, wall_ms());
  }
  calls_.call(
      "the removal of old logs", kTurnLimit, [pass = pass_, in_use = engine.task_ids()] { return pass->turn(in_use); },
      [this, pass = pass_](const Result<bool>& done) { turned(pass, done); });
}

// A pass whose turn has not come back is that thread's from then on, and is not looked at again.
void Retention::turned(const std::shared_ptr<RetentionPass>& pass, const Result<bool>& done) {
  if (done && !*done) return wait(kBetweenTurns);
  const bool is_gone =
      !done && (done.error().code() == ErrorCode::kTimeout || done.error().code() == ErrorCode::kUnavailable);
  if (!done) log_.warn("retention: " + done.error().to_string() + "; tries again in ten minutes");
  if (!is_gone) removed_.add(pass->removed());
  pass_.reset();
  say();
  wait(kEvery);
}

void Retention::say() {
  const Clock::time_point now = Clock::now();
  if (!removed_.any() || (said_ && now - *said_ < kSayEvery)) return;
  log_.info("retention: removed what tasks had left",
            {{"logs", removed_.logs}, {"log_bytes", removed_.log_bytes}, {"folders", removed_.folders}});
  if (removed_.refused > 0)
    log_.warn("retention: cannot remove " + std::to_string(removed_.refused) +
              " of what tasks had left, such as: " + removed_.problem);
  removed_ = {};
  said_ = now;
}

}  // namespace porpoise
