// Jobs of OpenMLDB as its answers describe them: rows in three layouts, states, and what a job's log says. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "openmldb/driver.h"

namespace porpoise::openmldb {

struct Job {
  std::int64_t id = 0;
  std::string type;       // ImportOfflineData, …
  std::string state;      // as the server writes it, in any case
  std::string parameter;  // the SQL, or a path of a file that holds it
  std::string error;      // usually empty even when the job failed

  bool is_final() const;
  bool is_finished() const;                                     // the only success
  bool may_be_of(const Statement& statement, Mode mode) const;  // by its type
  std::string describe() const;                                 // "job 7 (ImportOfflineData)"
};

// Rows of 14 columns (since 0.8.1), of 9 (before), or one cell with a text table (before 0.6.5). What is no job is left
// out.
std::vector<Job> read_jobs(const Table& table);

// The id in the answer of a DEPLOY that goes on in the background (OPTIONS(sync="false")): one bigint.
std::optional<std::int64_t> read_background_id(const Table& table);

// The number that follows the word "job" in a server's message.
std::optional<std::int64_t> job_in_message(std::string_view message);

// Which of `jobs` a statement has started that was sent when `last_id` was the newest: by type, and by its SQL where
// the job shows it. Times are not compared: clocks differ, ids only grow. Several candidates mean it cannot be told;
// all are returned.
std::vector<Job> find_started(const std::vector<Job>& jobs, std::int64_t last_id, const Statement& statement,
                              Mode mode);

// The last lines of a job log, bounded for the task log.
std::string log_tail(std::string_view joblog);
// Its last "Caused by" line, else its last line with an exception or error; empty when there is none.
std::string log_reason(std::string_view joblog);

}  // namespace porpoise::openmldb
