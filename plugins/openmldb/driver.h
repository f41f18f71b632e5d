// The way to an OpenMLDB cluster: what a task needs of it, whoever carries it there.
//
// A Driver belongs to one task and lives on its run thread. It carries out single statements and tells for each failure
// whether the server may have begun the work; what a statement means and what a job is, is not its business.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "openmldb/sql_splitter.h"

namespace porpoise::openmldb {

using Cell = std::optional<std::string>;  // no value = NULL

struct Table {
  std::vector<std::string> heads;  // of the columns: names, or types like "Int32" where the way carries no names
  std::vector<std::vector<Cell>> rows;
};

struct Failure {
  Error error;                   // text of the server as "[2000] …"
  std::int64_t server_code = 0;  // of the server's own refusal, else 0
  bool may_have_run = false;     // the statement, or a job of it, may be running or done all the same
};

template <typename T>
using Reply = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail(Failure failure) { return tl::unexpected<Failure>(std::move(failure)); }

struct Call {
  std::string db;
  std::string sql;
  Mode mode = Mode::kOnline;
  bool waits_for_job = false;                // answer only when the job is over, with its rows
  bool repeatable = false;                   // may be sent again while the server cannot be reached
  bool ignores_cancel = false;               // for what must be done after a cancel; never repeated
  std::chrono::milliseconds limit{0};        // for the answer; 0 = as configured
  std::chrono::milliseconds job_timeout{0};  // told to the server; 0 = its own default
};

// For each of the few calls that a cancelled task still makes.
inline constexpr std::chrono::milliseconds kLastWordsLimit{1000};

class Driver {
 public:
  Driver() = default;
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  virtual ~Driver() = default;

  virtual Reply<Table> execute(const Call& call) = 0;
  // The text the server keeps of a deployment, or nothing when there is no such deployment.
  virtual Reply<std::optional<std::string>> deployment(std::string_view db, std::string_view name) = 0;
  virtual Reply<std::vector<std::string>> databases() = 0;
  // Asks the server to look at the cluster's metadata anew; it lags behind what other clients did.
  virtual void refresh() = 0;
};

}  // namespace porpoise::openmldb
