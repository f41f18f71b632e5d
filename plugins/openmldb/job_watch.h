// Follows jobs of the cluster to their certain end: an answer of OpenMLDB says "ok" although its job failed.
//
// Belongs to one Session and lives on the task's run thread. When the task is cancelled, the job is stopped.
#pragma once

#include <porpoise/plugin.hpp>

#include <optional>
#include <string>

#include "openmldb/config.h"
#include "openmldb/driver.h"
#include "openmldb/jobs.h"

namespace porpoise::openmldb {

enum class JobOwner { kTaskManager, kNameServer };

class JobWatch {
 public:
  JobWatch(plugin::Host host, Driver& driver, const Config& config) : host_(host), driver_(driver), config_(config) {}

  // The newest job's id, 0 without any; nothing when the job table cannot be read.
  Reply<std::int64_t> last_id();

  // Records the id, then waits until the job is over for good; OK when it FINISHED and stayed so. After `limit` (0 =
  // none) the job is stopped.
  plugin::Outcome await(std::int64_t id, JobOwner owner, std::chrono::milliseconds limit);

  // The same for a job whose submission was not answered: looks for it first. `problem` is what happened instead.
  plugin::Outcome await_started(const Statement& statement, Mode mode, std::int64_t last_id, const Error& problem,
                                std::chrono::milliseconds limit);

  // After a cancel during submission: stops what the statement may have started.
  void stop_started(const Statement& statement, Mode mode, std::int64_t last_id);

  // The tail of the job's log into the task log; returns its reason line, or nothing.
  std::string show_log(std::int64_t id);

 private:
  Reply<Table> query(const std::string& sql);
  Reply<std::optional<Job>> read(std::int64_t id, JobOwner owner);
  plugin::Outcome settle(const Job& job, JobOwner owner);
  plugin::Outcome failed(const Job& job, JobOwner owner);
  plugin::Outcome cancelled(std::int64_t id, JobOwner owner);
  void stop(std::int64_t id, JobOwner owner);

  plugin::Host host_;
  Driver& driver_;
  const Config& config_;
};

// How a failure ends the task.
plugin::Outcome to_outcome(const Failure& failure);

}  // namespace porpoise::openmldb
