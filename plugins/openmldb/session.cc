#include "openmldb/session.h"

#include <algorithm>

#include "openmldb/deploy.h"
#include "openmldb/table_text.h"

namespace porpoise::openmldb {
namespace {

using plugin::Outcome;

constexpr std::size_t kLogChars = 400;

std::string seconds_text(std::int64_t ms) {
  const std::string thousandths = std::to_string(1000 + ms % 1000);
  return std::to_string(ms / 1000) + "." + thousandths.substr(1) + " s";
}

}  // namespace

Outcome Session::run(const std::vector<Statement>& statements) {
  const std::string total = std::to_string(statements.size());
  for (std::size_t i = 0; i < statements.size(); ++i) {
    if (host_.cancel_requested()) return Outcome::cancelled();
    const Statement& statement = statements[i];
    const std::string number = "statement " + std::to_string(i + 1) + " of " + total;
    host_.progress(static_cast<std::int32_t>(i * 1000 / statements.size()), number);
    host_.info(number + " (line " + std::to_string(statement.line) + "): " + headline(statement.text, kLogChars));
    const std::int64_t start_ms = host_.now_mono_ms();
    Outcome outcome = run_one(statement);
    const std::string took = seconds_text(host_.now_mono_ms() - start_ms);
    if (!outcome) {
      host_.error(number + " did not succeed after " + took);
      outcome.message = number + " (line " + std::to_string(statement.line) + "): " + outcome.message +
                        " — in: " + headline(statement.text, kMessageChars);
      return outcome;
    }
    host_.info(number + " done in " + took);
  }
  return Outcome::ok();
}

Outcome Session::run_one(const Statement& statement) {
  if (statement.kind == StatementKind::kUse)
    if (Outcome problem = check_database(statement); !problem) return problem;
  const auto is_done = settings_.take(statement);
  if (!is_done) return Outcome::failed(is_done.error().to_string());
  if (*is_done) {
    host_.info("taken over, not sent: " + settings_.describe());
    return Outcome::ok();
  }
  if (statement.kind == StatementKind::kDeploy) return deploy(statement);
  return starts_job(statement, settings_.mode()) ? run_job(statement) : send(statement);
}

// The database goes into the path of every call, so USE need not be sent; only its complaint would be missed.
Outcome Session::check_database(const Statement& use) {
  const auto databases = driver_.databases();
  if (!databases && databases.error().server_code == 0) return to_outcome(databases.error());
  if (databases && std::find(databases->begin(), databases->end(), use.name) == databases->end())
    return Outcome::failed("there is no database '" + use.name + "'");
  return Outcome::ok();
}

Call Session::make_call(const Statement& statement) const {
  Call call;
  call.db = settings_.db();
  call.sql = statement.text;
  call.mode = settings_.mode();
  call.repeatable = is_repeatable(statement, settings_.mode());
  return call;
}

Outcome Session::deploy(const Statement& statement) {
  const OnExists by_text = statement.is_conditional ? OnExists::kKeep : OnExists::kReplace;
  const std::string& database = statement.qualifier.empty() ? settings_.db() : statement.qualifier;
  const auto answer = Deploy(host_, driver_, statement, database, on_exists_.value_or(by_text)).run();
  if (!answer) return answer.problem();
  if (const auto id = read_background_id(*answer))
    return jobs_.await(*id, JobOwner::kNameServer, settings_.job_limit());
  return Outcome::ok();
}

Outcome Session::run_job(const Statement& statement) {
  // Should the answer get lost, this tells the new job from older ones. A table that is refused or too large is no
  // reason to stop; a server that cannot be reached is.
  const auto last_id = jobs_.last_id();
  if (!last_id && last_id.error().error.code() != ErrorCode::kInvalid) return to_outcome(last_id.error());
  Call call = make_call(statement);
  // The rows of an offline SELECT come with the answer of a waiting call only.
  call.waits_for_job = statement.kind == StatementKind::kSelect;
  if (call.waits_for_job) {
    call.job_timeout = settings_.waiting_call_limit();
    call.limit = call.job_timeout + config_.read_limit();
  }
  const auto answer = driver_.execute(call);
  if (!answer) return after_failed_submission(statement, answer.error(), last_id);
  const std::vector<Job> jobs = read_jobs(*answer);
  if (jobs.size() == 1 && jobs.front().may_be_of(statement, settings_.mode()))
    return jobs_.await(jobs.front().id, JobOwner::kTaskManager, settings_.job_limit());
  show(*answer);
  return Outcome::ok();
}

Outcome Session::after_failed_submission(const Statement& statement, const Failure& failure,
                                         const Reply<std::int64_t>& last_id) {
  const auto named_job = failure.server_code != 0 ? job_in_message(failure.error.message()) : std::nullopt;
  if (named_job && failure.may_have_run) return jobs_.await(*named_job, JobOwner::kTaskManager, settings_.job_limit());
  if (named_job) {
    const std::string reason = jobs_.show_log(*named_job);
    return Outcome::failed(failure.error.to_string() + (reason.empty() ? "" : ": " + reason));
  }
  if (!failure.may_have_run || !last_id) return to_outcome(failure);
  if (failure.error.code() != ErrorCode::kCancelled)
    return jobs_.await_started(statement, settings_.mode(), *last_id, failure.error, settings_.job_limit());
  jobs_.stop_started(statement, settings_.mode(), *last_id);
  return Outcome::cancelled();
}

Outcome Session::send(const Statement& statement) {
  const Call call = make_call(statement);
  const auto answer = driver_.execute(call);
  if (answer) {
    show(*answer);
    return Outcome::ok();
  }
  Outcome outcome = to_outcome(answer.error());
  if (answer.error().may_have_run && !call.repeatable && outcome.status != PORPOISE_CANCELLED)
    outcome.message += "; the statement may have run all the same, so it was not sent again";
  return outcome;
}

void Session::show(const Table& table) const {
  if (const std::string text = table_text(table); !text.empty()) host_.info("result:\n" + text);
}

}  // namespace porpoise::openmldb
