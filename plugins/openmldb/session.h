// Runs the statements of one task in order, over whatever Driver. Lives on the task's run thread.
#pragma once

#include <porpoise/plugin.hpp>

#include <optional>
#include <vector>

#include "openmldb/config.h"
#include "openmldb/driver.h"
#include "openmldb/job_watch.h"
#include "openmldb/params.h"
#include "openmldb/settings.h"

namespace porpoise::openmldb {

class Session {
 public:
  // `driver` and `config` outlive the session.
  Session(plugin::Host host, Driver& driver, const Config& config, Mode mode, std::optional<OnExists> on_exists)
      : host_(host),
        driver_(driver),
        config_(config),
        jobs_(host, driver, config),
        settings_(config.default_db, mode),
        on_exists_(on_exists) {}

  // Ends at the first statement that does not succeed; the message names it.
  plugin::Outcome run(const std::vector<Statement>& statements);

 private:
  plugin::Outcome run_one(const Statement& statement);
  plugin::Outcome check_database(const Statement& use);
  plugin::Outcome deploy(const Statement& statement);
  plugin::Outcome run_job(const Statement& statement);
  plugin::Outcome after_failed_submission(const Statement& statement, const Failure& failure,
                                          const Reply<std::int64_t>& last_id);
  plugin::Outcome send(const Statement& statement);
  Call make_call(const Statement& statement) const;
  void show(const Table& table) const;

  plugin::Host host_;
  Driver& driver_;
  const Config& config_;
  JobWatch jobs_;
  Settings settings_;
  std::optional<OnExists> on_exists_;
};

}  // namespace porpoise::openmldb
