#include "openmldb/settings.h"

#include <algorithm>
#include <charconv>

#include "openmldb/params.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLeastJobLimit{30 * 60 * 1000};

// CREATE TABLE would land in the default database, which is not the user's.
bool needs_database(const Statement& statement) {
  return (statement.kind == StatementKind::kCreateTable || statement.kind == StatementKind::kDeploy) &&
         statement.qualifier.empty();
}

}  // namespace

Result<bool> Settings::take(const Statement& statement) {
  if (db_.empty() && needs_database(statement))
    return fail(ErrorCode::kInvalid, "no database is chosen; put \"USE <database>;\" before it");
  // Refused by the server too, but only after a deployment of that name would have been dropped.
  if (statement.kind == StatementKind::kDeploy && mode_ == Mode::kOffline)
    return fail(ErrorCode::kInvalid,
                "DEPLOY needs the online mode; set executeMode to online, or put "
                "\"SET @@execute_mode='online';\" before it");
  if (statement.kind == StatementKind::kSet) return set(statement);
  if (statement.kind != StatementKind::kUse) return false;
  db_ = statement.name;
  return true;
}

// Variables live in one session that all callers of the APIServer share; its answers do not depend on these three.
Result<bool> Settings::set(const Statement& statement) {
  const bool is_of_session = statement.qualifier.empty() || statement.qualifier == "session";
  if (!is_of_session) return false;
  if (statement.name == "execute_mode") {
    PORPOISE_TRY(mode_, parse_mode("execute_mode", statement.value));
    return true;
  }
  if (statement.name == "job_timeout") {
    PORPOISE_TRY_VOID(set_job_timeout(statement));
    return true;
  }
  return statement.name == "sync_job";  // every job is waited for
}

Status Settings::set_job_timeout(const Statement& statement) {
  std::int32_t timeout_ms = 0;
  const char* const end = statement.value.data() + statement.value.size();
  if (std::from_chars(statement.value.data(), end, timeout_ms).ptr != end || timeout_ms <= 0)
    return fail(ErrorCode::kInvalid,
                "job_timeout must be a number of milliseconds, not '" + headline(statement.value, 40) + "'");
  job_timeout_ = milliseconds(timeout_ms);
  return {};
}

milliseconds Settings::job_limit() const {
  return job_timeout_.count() > 0 ? std::max(job_timeout_, kLeastJobLimit) : milliseconds(0);
}

milliseconds Settings::waiting_call_limit() const { return std::max(job_timeout_, kLeastJobLimit); }

std::string Settings::describe() const {
  std::string text = "database " + db() + ", mode " + std::string(to_string(mode_));
  if (job_timeout_.count() > 0) text += ", jobs are stopped after " + std::to_string(job_limit().count() / 1000) + " s";
  return text;
}

}  // namespace porpoise::openmldb
