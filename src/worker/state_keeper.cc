#include "worker/state_keeper.h"

#include <poll.h>

#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "taskdir/task_log.h"

namespace porpoise {
namespace {

constexpr std::chrono::seconds kDeadline{10};       // of what concerns one task
constexpr std::chrono::seconds kScanDeadline{300};  // of all that an earlier run left

// Of what the next run of the worker would miss: a disk may be full for a moment.
constexpr int kMoreTries = 3;
constexpr int kTryPauseMs = 200;

// A removal mostly waits for the disk, which takes several at a time.
constexpr BlockingCallLimits kRemovals{.threads = 2, .max_hung = 8, .last_wait = std::chrono::milliseconds(1000)};
constexpr std::chrono::minutes kRemovalDeadline{10};  // of one folder

TaskContact contact_of(const AcceptedTask& task) {
  return {task.dispatch.master, task.dispatch.context.process_instance_id, task.log_path, task.execute_path};
}

struct Kept {
  std::filesystem::path stale;               // to be removed
  std::optional<TaskStore::Found> occupied;  // nothing was written
};

Result<Kept> keep(const TaskStore& store, std::int64_t id, const std::string& body, const TaskContact& contact) {
  if (store.occupied(id)) return Kept{{}, store.find(id)};
  PORPOISE_TRY(std::filesystem::path stale, store.keep(id, body, contact));
  return Kept{std::move(stale), std::nullopt};
}

void tell_log(const AcceptedTask& task, const TaskResult& result) {
  auto log = TaskLog::open(task.log_path);
  if (!log) return;
  log->write(LogLevel::kWarn, result.message);
  log->write(LogLevel::kInfo, "FINALIZE_SESSION");
  log->flush();
}

Status remove_folder(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::remove_all(folder, problem);
  if (problem) return fail_errno("cannot remove " + folder.string(), problem.value());
  return {};
}

}  // namespace

StateKeeper::StateKeeper(const StateKeeperDeps& deps) : deps_(deps), calls_(deps.io), removals_(deps.io, kRemovals) {}

// A thread that was given up on may still be at it when all else is gone: it has copies of whatever it touches.

std::string StateKeeper::what(const char* deed, std::int64_t id) const {
  return std::string(deed) + " " + deps_.store.folder(id).string();
}

void StateKeeper::perform(const action::Store& store) {
  const std::int64_t id = store.task.id();
  const auto outcome_of = [this, id](Result<Kept> kept) {
    event::Stored stored{id, kept.has_value() && !kept->occupied};
    if (!kept) deps_.log.error("a task is rejected: " + kept.error().to_string(), {{"task_instance_id", id}});
    if (kept && kept->occupied) stored.occupied = judged(*std::move(kept->occupied));
    if (kept) remove(std::move(kept->stale));
    return stored;
  };
  calls_.call(
      what("writing the dispatch to", id), kDeadline,
      [disk = deps_.store, id, body = store.body, contact = contact_of(store.task)] {
        return keep(disk, id, body, contact);
      },
      [this, id, outcome_of](Result<Kept> outcome) { deps_.loop.done(id, outcome_of(std::move(outcome))); },
      [this, outcome_of](Result<Kept> outcome) { deps_.loop.post(outcome_of(std::move(outcome))); });
}

void StateKeeper::perform(const action::Look& look) {
  const std::int64_t id = look.task_instance_id;
  calls_.call(
      what("looking into", id), kDeadline,
      [disk = deps_.store, id]() -> Result<std::optional<TaskStore::Found>> { return disk.find(id); },
      [this, id](Result<std::optional<TaskStore::Found>> outcome) {
        event::Looked looked{id, std::nullopt};
        if (!outcome) deps_.log.error(outcome.error().to_string());
        if (outcome && *outcome) looked.found = judged(**std::move(outcome));
        deps_.loop.done(id, std::move(looked));
      });
}

void StateKeeper::perform(const action::StoreMaster& store) {
  write(store.task.id(), "writing the master to",
        [id = store.task.id(), contact = contact_of(store.task)](const TaskStore& disk) {
          return disk.keep_contact(id, contact);
        });
}

void StateKeeper::perform(const action::StoreResult& store) {
  write(store.task.id(), "writing the result to", [store, told = false](const TaskStore& disk) mutable {
    if (!std::exchange(told, true)) tell_log(store.task, store.result);
    return disk.keep_result(store.result);
  });
}

void StateKeeper::perform(const action::StoreAlerted& alerted) {
  write(alerted.task_instance_id, "noting that the alert was sent in",
        [id = alerted.task_instance_id](const TaskStore& disk) { return disk.keep_alerted(id); });
}

void StateKeeper::perform(const action::Abandon& abandon) {
  write(abandon.task_instance_id, "giving up",
        [id = abandon.task_instance_id](const TaskStore& disk) { return disk.abandon(id); });
}

void StateKeeper::write(std::int64_t id, const char* deed, std::function<Status(const TaskStore&)> work) {
  calls_.call(
      what(deed, id), kDeadline,
      [disk = deps_.store, work = std::move(work)]() -> Status {
        Status written = work(disk);
        for (int i = 0; i < kMoreTries && !written; ++i) {
          ::poll(nullptr, 0, kTryPauseMs);
          written = work(disk);
        }
        return written;
      },
      [this, id](Status outcome) {
        if (!outcome)
          deps_.log.error("given up after " + std::to_string(kMoreTries + 1) + " tries: " + outcome.error().to_string(),
                          {{"task_instance_id", id}});
        deps_.loop.done(id);
      });
}

void StateKeeper::perform(const action::Forget& forget) {
  const std::int64_t id = forget.task_instance_id;
  calls_.call(
      what("moving away", id), kDeadline, [disk = deps_.store, id] { return disk.forget(id); },
      [this, id](Result<std::filesystem::path> gone) {
        remove(std::move(gone));
        deps_.loop.done(id);
      });
}

void StateKeeper::remove(Result<std::filesystem::path> folder) {
  if (!folder) return deps_.log.error(folder.error().to_string());
  if (folder->empty()) return;
  removals_.call(
      "the removal of " + folder->string(), kRemovalDeadline, [folder = *folder] { return remove_folder(folder); },
      [this](const Status& removed) {
        if (!removed) deps_.log.error(removed.error().to_string() + "; the next start of the worker removes it");
      });
}

// --- What an earlier run left ---

void StateKeeper::perform(const action::Scan&) {
  using Outcome = Result<TaskStore::Scan>;
  calls_.call(
      "reading the tasks of an earlier run", kScanDeadline, [disk = deps_.store]() -> Outcome { return disk.scan(); },
      [this](Outcome outcome) {
        if (outcome)
          scanned(*std::move(outcome));
        else
          deps_.log.error(outcome.error().to_string() + "; without them no task is accepted");
      },
      [this](Outcome outcome) {
        if (outcome) scanned(*std::move(outcome));
      });
}

void StateKeeper::scanned(TaskStore::Scan scan) {
  for (const std::string& problem : scan.problems) deps_.log.error(problem);
  for (std::filesystem::path& leftover : scan.leftovers) remove(std::move(leftover));
  event::Scanned event;
  for (TaskStore::Found& found : scan.tasks) event.tasks.push_back(judged(std::move(found)));
  deps_.loop.done(0, std::move(event));
}

// --- What of it makes sense ---

FoundTask StateKeeper::judged(TaskStore::Found found) const {
  FoundTask task;
  take_dispatch(task, found);
  wire::DispatchTask& dispatch = task.task.dispatch;
  wire::TaskContext& context = dispatch.context;
  context.task_instance_id = found.task_instance_id;
  if (found.contact && !task.dispatch_read) {
    context.process_instance_id = found.contact->process_instance_id;
    task.task.log_path = found.contact->log_path;
    task.task.execute_path = found.contact->execute_path;
  }
  if (found.contact) dispatch.master = found.contact->master;
  task.master_missing = !found.contact;
  if (found.request) {
    task.task.log_path = found.request->log_path;
    task.task.execute_path = found.request->execute_path;
    task.task.start_time_ms = found.start_time_ms;
  }
  if (found.request && !task.dispatch_read) {
    context.task_type = found.request->task_type;
    context.process_instance_id = found.request->process_instance_id;
    context.tenant_code = found.request->tenant_code;
    context.var_pool = found.request->var_pool;
    context.dry_run = found.request->dry_run;
  }
  task.request = std::move(found.request);
  task.requested = found.requested;
  task.host_lives = found.host_lives;
  task.host_began = found.host_began;
  task.abandoned = found.abandoned;
  task.alerted = found.alerted;
  task.result = std::move(found.result);
  task.result_damaged = found.result_damaged;
  for (const std::string& one : found.damage) task.damage += (task.damage.empty() ? "" : "; ") + one;
  return task;
}

void StateKeeper::take_dispatch(FoundTask& task, TaskStore::Found& found) const {
  if (!found.dispatch_body) return;
  const auto incoming = deps_.profile.decode({wire::Command::kTaskDispatchRequest, 0, *std::move(found.dispatch_body)});
  const auto* const dispatch = incoming ? std::get_if<wire::DispatchTask>(&*incoming) : nullptr;
  const bool broken = dispatch != nullptr && dispatch->broken;  // by the disk, it is likely
  if (dispatch != nullptr && !broken && dispatch->context.task_instance_id == found.task_instance_id) {
    task.task = deps_.paths.tasks().accepted(*dispatch, deps_.zone, wall_ms());
    task.dispatch_read = true;
    return;
  }
  const Error foreign(ErrorCode::kInvalid, "it is that of another task");
  const std::string why = (broken ? *dispatch->defect : incoming ? foreign : incoming.error()).to_string();
  found.damage.push_back("cannot read " + (deps_.store.folder(found.task_instance_id) / "dispatch.json").string() +
                         ": " + why);
}

}  // namespace porpoise
