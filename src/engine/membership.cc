// Engine: whose the tasks are, and how the worker leaves.
#include <utility>

#include "engine/engine.h"

namespace porpoise {

// --- What the registry says ---

void Engine::handle(const event::Registered& event, Moment) {
  registered_ = true;
  if (recovered_) return go_on();
  const Ownership otherwise = settings_.keep_tasks ? Ownership::kKept : Ownership::kGivenUp;
  scan(event.resumed ? Ownership::kResumed : otherwise);
}

void Engine::handle(const event::SessionLost&, Moment) {
  registered_ = false;
  if (settings_.keep_tasks) return want(action::RegisterAgain{});
  if (!recovered_) return scan(Ownership::kGivenUp);
  fence("the worker's session in ZooKeeper has expired: masters run it elsewhere");
}

// --- What an earlier run left ---

void Engine::scan(Ownership ownership) {
  ownership_ = ownership;  // the last word counts: it is about all that the scan will find
  if (ownership == Ownership::kGivenUp) want(action::AllowTakeover{false});
  if (!std::exchange(scanning_, true)) want(action::Scan{});
}

void Engine::handle(const event::Scanned& event, Moment now) {
  if (std::exchange(recovered_, true)) return;
  for (const FoundTask& found : event.tasks) recover(found, ownership_, now);
  if (ownership_ == Ownership::kGivenUp || ending_)
    fence(kAwayTooLong);
  else if (registered_)
    go_on();
}

// --- Tasks that masters have given to others ---

// All that runs is dead, and that is on disk, before fencing ends.
void Engine::fence(const std::string& reason) {
  if (std::exchange(fencing_, true)) return;  // nothing has come since
  want(action::AllowTakeover{false});
  give_up_tasks(reason);
}

void Engine::give_up_tasks(const std::string& reason) {
  closed_ = true;
  for (const auto& [order, id] : std::exchange(queue_, {})) {
    say(action::Level::kInfo, "given up before it started: " + reason, id);
    forget(id);
  }
  for (auto& [id, task] : tasks_) {
    const bool may_run = task.phase == TaskPhase::kRunning || task.phase == TaskPhase::kStoring;
    if (!may_run || task.abandoned) continue;  // an end from before is worth telling: it may spare a rerun
    task.abandoned = true;
    if (task.phase == TaskPhase::kStoring) continue;  // forgotten as soon as it is written
    outbox_.drop(id);
    want(action::Abandon{id});
    want(action::Cancel{id, reason, true});
  }
}

void Engine::settle_membership() {
  if (!fencing_ || !idle()) return;
  fencing_ = false;
  if (registered_) return go_on();
  if (!leaving_) want(action::RegisterAgain{});
}

void Engine::go_on() {
  if (fencing_ || ending_) return;
  want(action::AllowTakeover{true});
  if (!leaving_) closed_ = false;
  if (!std::exchange(listening_, true)) want(action::OpenPort{});
}

// --- The way out: no new tasks, those that run may finish, masters hear of every end, then the worker goes ---

void Engine::handle(const event::Terminated&, Moment now) {
  if (stage_ == Stage::kWorking) return drain(now);
  end_at_once("a second signal came");
}

void Engine::drain(Moment now) {
  say(action::Level::kInfo, "draining: no new tasks, those that run may finish: " + std::to_string(running_) +
                                ", within " + std::to_string(settings_.drain_limit.count() / 1000) + " s");
  stage_ = Stage::kDraining;
  limit_mono_ms_ = now.mono_ms + settings_.drain_limit.count();
  leaving_ = closed_ = true;
  want(action::RefreshHeartbeat{});
  for (const auto& [order, id] : std::exchange(queue_, {})) {
    refuse(tasks_.at(id), Refusal::kGivenBack, now);
    forget(id);
  }
}

// Masters are told nothing: they run the tasks elsewhere as soon as the node is gone.
void Engine::end_at_once(const std::string& why) {
  if (std::exchange(stage_, Stage::kEnding) == Stage::kEnding) return;
  say(action::Level::kWarn, "ending the tasks that run: " + why + ": " + std::to_string(running_));
  leaving_ = ending_ = true;
  want(action::AllowTakeover{false});
  give_up_tasks("its worker ends: masters run it elsewhere");
}

void Engine::step_shutdown(Moment now) {
  if (stage_ == Stage::kDraining && idle()) {
    stage_ = Stage::kFlushing;
    limit_mono_ms_ = now.mono_ms + settings_.flush_limit.count();
  }
  if (stage_ == Stage::kDraining && now.mono_ms >= limit_mono_ms_) end_at_once("they did not finish in time");
  const bool flushed = stage_ == Stage::kFlushing && (outbox_.size() == 0 || now.mono_ms >= limit_mono_ms_);
  const bool ended = stage_ == Stage::kEnding && running_ == 0;
  if (!flushed && !ended) return;
  stage_ = Stage::kGone;
  want(action::Exit{outbox_.size()});
}

}  // namespace porpoise
