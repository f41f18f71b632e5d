#include "openmldb/job_watch.h"

#include <algorithm>

namespace porpoise::openmldb {
namespace {

using plugin::Outcome;
using std::chrono::milliseconds;

// A tenth of the time waited so far: quick for short jobs, gentle for long ones.
constexpr std::int64_t kShortestPauseMs = 50;
constexpr std::int64_t kLongestPauseMs = 5000;
// Each read is repeated for Config::retry by itself; a job of hours should outlive a restart of the APIServer.
constexpr int kMaxLostReads = 10;
constexpr milliseconds kLookupPause{200};

bool is_missing(const Failure& failure) {
  return failure.server_code != 0 && failure.error.message().find("not found") != std::string::npos;
}

std::string name(std::int64_t id) { return "job " + std::to_string(id); }

std::string list_ids(const std::vector<Job>& jobs) {
  std::string text;
  for (const Job& job : jobs) text += (text.empty() ? "" : ", ") + std::to_string(job.id);
  return text;
}

}  // namespace

Outcome to_outcome(const Failure& failure) {
  const std::string text = failure.error.to_string();
  switch (failure.error.code()) {
    case ErrorCode::kCancelled: return Outcome::cancelled();
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout: return Outcome::unavailable(text);
    default: return Outcome::failed(text);
  }
}

Reply<Table> JobWatch::query(const std::string& sql) {
  Call call;
  call.db = config_.default_db;
  call.sql = sql;
  call.repeatable = true;
  call.limit = config_.read_limit();
  return driver_.execute(call);
}

Reply<std::int64_t> JobWatch::last_id() {
  const auto table = query("SHOW JOBS");
  if (!table) return fail(table.error());
  std::int64_t last = 0;
  for (const Job& job : read_jobs(*table)) last = std::max(last, job.id);
  return last;
}

Reply<std::optional<Job>> JobWatch::read(std::int64_t id, JobOwner owner) {
  const bool is_nameserver = owner == JobOwner::kNameServer;
  const auto table = query(is_nameserver ? "SHOW JOBS FROM NAMESERVER" : "SHOW JOB " + std::to_string(id));
  if (!table && is_missing(table.error())) return std::nullopt;
  if (!table) return fail(table.error());
  const std::vector<Job> jobs = read_jobs(*table);
  const auto found = std::find_if(jobs.begin(), jobs.end(), [id](const Job& job) { return job.id == id; });
  return found == jobs.end() ? std::nullopt : std::optional<Job>(*found);
}

Outcome JobWatch::await(std::int64_t id, JobOwner owner, milliseconds limit) {
  if (!host_.add_app_id(std::to_string(id))) host_.warn("the id of " + name(id) + " could not be recorded");
  const std::int64_t start_ms = host_.now_mono_ms();
  std::string state;
  for (int lost_reads = 0;;) {
    const auto job = read(id, owner);
    const std::int64_t waited_ms = host_.now_mono_ms() - start_ms;
    const bool is_seen = job && *job;
    if (host_.cancel_requested()) return cancelled(id, owner);
    if (!job && ++lost_reads >= kMaxLostReads)
      return Outcome::unavailable(name(id) +
                                  " may be running, but its state cannot be read: " + job.error().error.to_string());
    if (job && !*job && waited_ms > config_.settle.count())
      return Outcome::failed(name(id) + " is not in the job table of the cluster: how it ended cannot be told");
    if (is_seen) {
      lost_reads = 0;
      if (state != (*job)->state) host_.info((*job)->describe() + " is " + (*job)->state);
      state = (*job)->state;
      if ((*job)->is_final()) return (*job)->is_finished() ? settle(**job, owner) : failed(**job, owner);
    }
    if (limit.count() > 0 && waited_ms > limit.count()) {
      stop(id, owner);
      return Outcome::failed(name(id) + " was stopped: not finished within " + std::to_string(limit.count()) + " ms");
    }
    if (host_.wait(std::clamp(waited_ms / 10, kShortestPauseMs, kLongestPauseMs))) return cancelled(id, owner);
  }
}

// FINISHED may flip to FAILED shortly after; the server itself looks twice for that reason.
Outcome JobWatch::settle(const Job& job, JobOwner owner) {
  if (host_.wait(config_.settle.count())) return Outcome::cancelled();
  const auto again = read(job.id, owner);
  if (!again)
    return Outcome::unavailable(job.describe() +
                                " was FINISHED, but could not be looked at again: " + again.error().error.to_string());
  if (*again && !(*again)->is_finished()) return failed(**again, owner);
  return Outcome::ok();
}

Outcome JobWatch::failed(const Job& job, JobOwner owner) {
  // SHOW JOBLOG knows jobs of the TaskManager only; the same number there is another job.
  const std::string reason = owner == JobOwner::kTaskManager ? show_log(job.id) : std::string();
  std::string text = job.describe() + " ended " + job.state;
  if (!job.error.empty()) text += ": " + headline(job.error, 500);
  if (!reason.empty() && job.error.find(reason) == std::string::npos) text += ": " + reason;
  return Outcome::failed(text);
}

std::string JobWatch::show_log(std::int64_t id) {
  const auto table = query("SHOW JOBLOG " + std::to_string(id));
  const bool has_log = table && !table->rows.empty() && !table->rows.front().empty();
  if (!has_log) {
    host_.warn("the log of " + name(id) + " cannot be read" + (table ? "" : ": " + table.error().error.to_string()));
    return {};
  }
  const std::string joblog = table->rows.front().front().value_or("");
  host_.error("the log of " + name(id) + " ends:\n" + log_tail(joblog));
  return log_reason(joblog);
}

Outcome JobWatch::await_started(const Statement& statement, Mode mode, std::int64_t last_id, const Error& problem,
                                milliseconds limit) {
  host_.warn(problem.to_string() + "; looking whether the job was started");
  const std::int64_t give_up_ms = host_.now_mono_ms() + config_.settle.count();
  std::vector<Job> found;
  while (true) {
    const auto table = query("SHOW JOBS");
    if (table) found = find_started(read_jobs(*table), last_id, statement, mode);
    if (!found.empty() || host_.now_mono_ms() >= give_up_ms) break;
    if (host_.wait(kLookupPause.count())) break;
  }
  if (host_.cancel_requested()) {
    stop_started(statement, mode, last_id);
    return Outcome::cancelled();
  }
  if (found.size() == 1) {
    host_.info("it was: " + found.front().describe());
    return await(found.front().id, JobOwner::kTaskManager, limit);
  }
  const std::string what =
      found.empty() ? "no job of it is in SHOW JOBS" : "it may be one of the jobs " + list_ids(found);
  return Outcome::unavailable(problem.to_string() + "; " + what +
                              ". It was not sent again: it could run twice. See SHOW JOBS, then run the task again");
}

void JobWatch::stop_started(const Statement& statement, Mode mode, std::int64_t last_id) {
  Call call;
  call.db = config_.default_db;
  call.sql = "SHOW JOBS";
  call.limit = kLastWordsLimit;
  call.ignores_cancel = true;
  const auto table = driver_.execute(call);
  const auto found = table ? find_started(read_jobs(*table), last_id, statement, mode) : std::vector<Job>();
  if (found.size() == 1) return stop(found.front().id, JobOwner::kTaskManager);
  host_.warn("cancelled while a job was being submitted; " +
             (found.empty() ? std::string("none was found to stop") : "it may be one of " + list_ids(found)));
}

Outcome JobWatch::cancelled(std::int64_t id, JobOwner owner) {
  stop(id, owner);
  return Outcome::cancelled("cancelled; " + name(id) + " was told to stop");
}

void JobWatch::stop(std::int64_t id, JobOwner owner) {
  if (owner == JobOwner::kNameServer) return;  // STOP JOB knows jobs of the TaskManager only
  Call call;
  call.db = config_.default_db;
  call.sql = "STOP JOB " + std::to_string(id);
  call.limit = kLastWordsLimit;
  call.ignores_cancel = true;
  const auto reply = driver_.execute(call);
  if (reply) return host_.info("STOP JOB " + std::to_string(id) + " was sent");
  host_.warn(name(id) + " could not be stopped: " + reply.error().error.to_string());
}

}  // namespace porpoise::openmldb
