// What USE and SET change for the statements after them: the APIServer keeps none of it per caller. Pure.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"
#include "openmldb/sql_splitter.h"

namespace porpoise::openmldb {

class Settings {
 public:
  Settings(std::string default_db, Mode mode) : default_db_(std::move(default_db)), mode_(mode) {}

  // Takes over what a statement says. True when it is done by that, false when the server has to see it; errors:
  // kInvalid, it cannot work at this place.
  Result<bool> take(const Statement& statement);

  // Goes into the path of every call.
  const std::string& db() const { return db_.empty() ? default_db_ : db_; }
  Mode mode() const { return mode_; }
  // Of SET @@job_timeout, as written; 0 without.
  std::chrono::milliseconds job_timeout() const { return job_timeout_; }
  // How long a job is waited for: job_timeout, but at least half an hour as the server does since 0.8.3; 0 = no limit.
  std::chrono::milliseconds job_limit() const;
  // The limit of a call that waits for its job itself.
  std::chrono::milliseconds waiting_call_limit() const;
  std::string describe() const;

 private:
  Result<bool> set(const Statement& statement);
  Status set_job_timeout(const Statement& statement);

  std::string default_db_;
  Mode mode_;
  std::string db_;
  std::chrono::milliseconds job_timeout_{0};
};

}  // namespace porpoise::openmldb
