// The OPENMLDB task type: 3.1 `OpenmldbTask` without Python in between, and with jobs whose failure is seen.
#include <porpoise/plugin.hpp>

#include "openmldb/rest_driver.h"
#include "openmldb/session.h"

namespace porpoise::openmldb {
namespace {

using plugin::Outcome;

class OpenmldbTask : public plugin::Task {
 public:
  using Task::Task;

  Outcome prepare(const plugin::Request& request) override {
    auto params = parse_params(request.params_json);
    if (!params) return Outcome::invalid(params.error().to_string());
    params_ = std::move(*params);
    auto config = parse_config(request.config_json);
    if (!config) return Outcome::invalid(config.error().to_string());
    config_ = std::move(*config);
    auto url = find_apiserver(config_, params_.zk, params_.zk_path);
    if (!url) return Outcome::invalid(url.error().to_string());
    url_ = std::move(*url);
    return split();
  }

  Outcome run() override {
    host().info("OpenMLDB " + params_.zk + params_.zk_path + " over the APIServer " + url_ + ", mode " +
                std::string(to_string(params_.mode)) + ", statements: " + std::to_string(statements_.size()));
    RestDriver driver(host(), url_, config_);
    return Session(host(), driver, config_, params_.mode, params_.on_exists).run(statements_);
  }

  std::string plan() override { return plan_; }

 private:
  // Placeholders first: a value may hold a quote or a ';' just like the text around it.
  Outcome split() {
    const auto sql = host().expand(params_.sql);
    if (!sql) return Outcome::invalid("parameter 'sql': " + sql.problem().message);
    auto statements = split_sql(*sql);
    if (!statements) return Outcome::invalid("parameter 'sql', " + statements.error().to_string());
    statements_ = std::move(*statements);
    return rehearse();
  }

  // What the text alone shows to be wrong is said before the first statement runs.
  Outcome rehearse() {
    Settings settings(config_.default_db, params_.mode);
    for (const Statement& statement : statements_) {
      const auto is_done = settings.take(statement);
      if (!is_done)
        return Outcome::invalid("parameter 'sql', line " + std::to_string(statement.line) + ": " +
                                is_done.error().to_string() + " — in: " + headline(statement.text, kMessageChars));
      plan_ += "-- " + (*is_done ? std::string("not sent") : "POST " + url_ + "/dbs/" + settings.db());
      plan_ += ", " + std::string(to_string(settings.mode()));
      plan_ += (starts_job(statement, settings.mode()) ? ", as a job\n" : "\n") + statement.text + ";\n";
    }
    return Outcome::ok();
  }

  Params params_;
  Config config_;
  std::string url_;
  std::vector<Statement> statements_;
  std::string plan_;
};

}  // namespace
}  // namespace porpoise::openmldb

PORPOISE_PLUGIN(PORPOISE_TYPE("OPENMLDB", porpoise::openmldb::OpenmldbTask));
