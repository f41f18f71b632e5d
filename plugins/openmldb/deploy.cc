#include "openmldb/deploy.h"

#include "openmldb/deployment_sql.h"
#include "openmldb/job_watch.h"

namespace porpoise::openmldb {

using plugin::Expected;
using plugin::Outcome;

namespace {

constexpr std::string_view kAlreadyExists = "already exists";

bool says(const Failure& failure, std::string_view words) {
  return failure.server_code != 0 && failure.error.message().find(words) != std::string::npos;
}

}  // namespace

Call Deploy::make_call(std::string sql) const {
  Call call;
  call.db = db_;
  call.sql = std::move(sql);
  return call;
}

Expected<Table> Deploy::run() {
  const auto existing = driver_.deployment(db_, statement_.name);
  if (!existing) return to_outcome(existing.error());
  return *existing ? meet(**existing) : create();
}

// Without an answer, the deployment itself tells whether it was done.
Reply<Table> Deploy::send() {
  auto answer = driver_.execute(make_call(statement_.text));
  const bool is_lost = !answer && answer.error().may_have_run && answer.error().error.code() != ErrorCode::kCancelled;
  if (!is_lost) return answer;
  driver_.refresh();
  const auto existing = driver_.deployment(db_, statement_.name);
  if (!existing || !*existing || !is_same_query(statement_.text, **existing)) return answer;
  host_.warn(answer.error().error.to_string() + "; but the deployment is there");
  return Table{};
}

// "Already exists" after we saw nothing: another client was faster, or the APIServer's view was old. Looks again, once.
Expected<Table> Deploy::create() {
  const auto answer = send();
  if (answer) return *answer;
  if (!says(answer.error(), kAlreadyExists)) return to_outcome(answer.error());
  driver_.refresh();
  const auto existing = driver_.deployment(db_, statement_.name);
  if (!existing || !*existing) return to_outcome(answer.error());
  return meet(**existing);
}

Expected<Table> Deploy::meet(const std::string& existing_sql) {
  const std::string name = "deployment " + db_ + "." + statement_.name;
  if (is_same_query(statement_.text, existing_sql)) {
    host_.info(name + " is already deployed, unchanged");
    return Table{};
  }
  switch (on_exists_) {
    case OnExists::kKeep: host_.info(name + " exists with another query and is kept as it is"); return Table{};
    case OnExists::kFail:
      return Outcome::failed(
          name + " exists with another query; onDeploymentExists says fail (replace and keep are the others)");
    case OnExists::kReplace: break;
  }
  host_.info(name + " exists with another query and is replaced");
  return replace(existing_sql);
}

Expected<Table> Deploy::replace(const std::string& existing_sql) {
  Call drop = make_call("DROP DEPLOYMENT " + statement_.name);
  drop.repeatable = true;  // a second one is answered "not found"
  const auto dropped = driver_.execute(drop);
  if (!dropped && !says(dropped.error(), "not found")) {
    if (dropped.error().may_have_run) restore(existing_sql);
    return to_outcome(dropped.error());
  }
  const auto answer = send();
  if (answer) return *answer;
  if (!answer.error().may_have_run) restore(existing_sql);
  return to_outcome(answer.error());
}

// The old query was dropped, but the new one was refused or cancelled: services call it, so put it back.
void Deploy::restore(const std::string& existing_sql) {
  Call call = make_call("DEPLOY " + statement_.name + " " + query_of(existing_sql));
  call.ignores_cancel = true;
  if (host_.cancel_requested()) call.limit = kLastWordsLimit;
  const auto answer = driver_.execute(call);
  if (!answer && says(answer.error(), kAlreadyExists)) return;  // it was not dropped after all
  if (answer) return host_.warn("the deployment did not succeed; the earlier one was put back, without its OPTIONS");
  host_.error("the deployment did not succeed, and the earlier one could not be put back: " +
              answer.error().error.to_string() + "\nit was: " + existing_sql);
}

}  // namespace porpoise::openmldb
