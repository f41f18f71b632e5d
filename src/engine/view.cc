// Engine: how it stands, for people.
#include "engine/view.h"

#include <map>
#include <utility>

#include "engine/engine.h"

namespace porpoise {

WaitsFor Engine::reason_to_wait(const AcceptedTask& task, std::int64_t due_mono_ms, Moment now) const {
  if (task.phase == TaskPhase::kStoring) return WaitsFor::kDisk;
  if (task.phase != TaskPhase::kWaiting) return WaitsFor::kNothing;
  if (closed_) return leaving_ ? WaitsFor::kOrder : WaitsFor::kSession;
  if (due_mono_ms > now.mono_ms) return WaitsFor::kDelay;
  return running_ >= static_cast<std::size_t>(settings_.slots) ? WaitsFor::kSlot : WaitsFor::kNothing;
}

TaskView Engine::view_of(const AcceptedTask& task) const {
  const wire::TaskContext& context = task.dispatch.context;
  TaskView view;
  view.id = task.id();
  view.process_instance_id = context.process_instance_id;
  view.process_define_code = context.process_define_code;
  view.process_define_version = context.process_define_version;
  view.name = context.task_name;
  view.type = context.task_type;
  view.tenant = context.tenant_code;
  view.master = task.dispatch.master;
  view.log_path = task.log_path;
  view.app_ids = task.app_ids;
  view.phase = task.phase;
  view.since_mono_ms = task.since_mono_ms;
  view.start_time_ms = task.start_time_ms;
  view.end_asked_mono_ms = task.end_asked_mono_ms;
  view.end_asked_by = task.killed_by;
  view.abandoned = task.abandoned;
  view.untold = outbox_.standing(task.id());
  if (const wire::TaskEnded* const ended = task.phase == TaskPhase::kEnded ? recent_.find(task.id()) : nullptr)
    view.status = ended->status;
  return view;
}

WorkerStage Engine::stage_for_people() const {
  switch (stage_) {
    case Stage::kGone: return WorkerStage::kGone;
    case Stage::kEnding: return WorkerStage::kEnding;
    case Stage::kDraining:
    case Stage::kFlushing: return WorkerStage::kLeaving;
    case Stage::kWorking: break;
  }
  if (fencing_) return WorkerStage::kFencing;
  return registered_ && recovered_ ? WorkerStage::kWorking : WorkerStage::kStarting;
}

EngineView Engine::view(Moment now) const {
  EngineView view;
  view.stage = stage_for_people();
  view.registered = registered_;
  view.storage_works = storage_works_;
  if (stage_ == Stage::kDraining) view.limit_mono_ms = limit_mono_ms_;
  view.slots = static_cast<std::size_t>(settings_.slots);
  view.running = running_;
  view.waiting = queue_.size();
  view.storing = storing_;
  view.max_waiting = settings_.max_waiting;
  view.task_bytes = task_bytes();
  view.max_task_bytes = settings_.max_task_bytes;
  view.unacknowledged = outbox_.size();
  view.oldest_unacknowledged_ms = outbox_.oldest_age_ms(now);
  struct Place {
    std::size_t number;
    std::int64_t due_mono_ms;
  };
  std::map<std::int64_t, Place> places;
  for (const auto& [order, id] : queue_) places.emplace(id, Place{places.size() + 1, order.first});
  for (const auto& [id, task] : tasks_) {
    TaskView& one = view.tasks.emplace_back(view_of(task));
    if (const auto found = places.find(id); found != places.end()) {
      one.place = found->second.number;
      one.due_mono_ms = found->second.due_mono_ms;
    }
    one.waits_for = reason_to_wait(task, one.due_mono_ms, now);
  }
  return view;
}

}  // namespace porpoise
