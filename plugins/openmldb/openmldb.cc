// The OPENMLDB task type: 3.1 `OpenmldbTask` without Python in between, and with jobs whose failure is seen.
#include <porpoise/plugin.hpp>

#include <memory>

#include "base/text.h"
#include "openmldb/rest_driver.h"
#include "openmldb/sdk_driver.h"
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
    auto url = choose_way(config_, params_.driver, params_.zk, params_.zk_path);
    if (!url) return Outcome::invalid(url.error().to_string());
    url_ = std::move(*url);
    work_dir_ = request.work_dir;
    file_stem_ = request.file_stem;
    return split();
  }

  Outcome run() override {
    host().info("OpenMLDB " + params_.zk + params_.zk_path + (url_ ? " over the APIServer " + *url_ : " by its SDK") +
                ", mode " + std::string(to_string(params_.mode)) +
                ", statements: " + std::to_string(statements_.size()));
    const std::unique_ptr<Driver> driver = make_driver();
    return Session(host(), *driver, config_, params_.mode, params_.on_exists).run(statements_);
  }

  std::string plan() override { return plan_; }

 private:
  std::unique_ptr<Driver> make_driver() const {
    if (url_) return std::make_unique<RestDriver>(host(), *url_, config_);
    const auto apiserver = find_apiserver(config_, params_.zk, params_.zk_path);
    SdkDriver::Target target{.zk = std::string(trimmed(params_.zk)),
                             .zk_path = normal_path(params_.zk_path),
                             .work_dir = work_dir_,
                             .file_stem = file_stem_,
                             .other_way = apiserver ? "" : apiserver.error().to_string()};
    return std::make_unique<SdkDriver>(host(), std::move(target), config_);
  }

  // Placeholders first: a value may hold a quote or a ';' just like the text around it.
  Outcome split() {
    const auto sql = host().expand(params_.sql);
    if (!sql) return Outcome::invalid("parameter 'sql': " + sql.problem().message);
    auto reading = read_sql(*sql, params_.escapes);
    if (!reading) return Outcome::invalid("parameter 'sql', " + reading.error().to_string());
    if (!reading->remark.empty()) host().warn(reading->remark);
    statements_ = std::move(reading->statements);
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
      const std::string way =
          url_ ? "POST " + *url_ + "/dbs/" + settings.db() : "by the SDK, database " + settings.db();
      plan_ += "-- " + (*is_done ? "not sent" : way);
      plan_ += ", " + std::string(to_string(settings.mode()));
      plan_ += (starts_job(statement, settings.mode()) ? ", as a job\n" : "\n") + statement.text + ";\n";
    }
    return Outcome::ok();
  }

  Params params_;
  Config config_;
  std::optional<std::string> url_;  // of the APIServer; without it the SDK is used
  std::string work_dir_, file_stem_;
  std::vector<Statement> statements_;
  std::string plan_;
};

}  // namespace
}  // namespace porpoise::openmldb

PORPOISE_PLUGIN(PORPOISE_TYPE("OPENMLDB", porpoise::openmldb::OpenmldbTask));
