#include "openmldb/sdk_driver.h"

#include <algorithm>
#include <limits>

#include "base/file.h"
#include "openmldb/rest_answer.h"
#include "openmldb/retry.h"
#include "openmldb/sdk_program.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGreetingLimit{30000};    // the SDK itself waits 20 s for a nameserver that hangs
constexpr milliseconds kLastConnectLimit{2000};  // of a cancelled task; a third of a second when nothing is wrong

Failure not_sent(Error error) { return {std::move(error), 0, false}; }

// Trouble that sdk_client.py tells of: `kind` says what may be done about it.
Failure to_failure(const Json& problem, const SdkDriver::Target& target) {
  const std::string kind = string_or(problem, "kind", "");
  const std::string message = string_or(problem, "message", "no message");
  if (kind == "connect")
    return not_sent(
        {ErrorCode::kUnavailable, "cannot connect to OpenMLDB " + target.zk + target.zk_path + ": " + message});
  if (kind == "path") return not_sent({ErrorCode::kNotFound, message});
  if (kind == "sdk" && !target.other_way.empty())
    return not_sent({ErrorCode::kInvalid, message + "; or use its REST API: " + target.other_way});
  // What was executed is done by then.
  return {Error(ErrorCode::kInvalid, message), 0, kind == "answer"};
}

std::int32_t to_int32(milliseconds time) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(time.count(), 1, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

SdkDriver::SdkDriver(plugin::Host host, Target target, const Config& config)
    : host_(host), target_(std::move(target)), config_(config) {}

Reply<Table> SdkDriver::execute(const Call& call) {
  Exchange exchange;
  exchange.limit = call.limit.count() > 0 ? call.limit : config_.request;
  exchange.order = {{"do", "execute"},
                    {"db", call.db},
                    {"sql", call.sql},
                    {"mode", call.mode == Mode::kOnline ? "online" : "offline"},
                    {"wait", call.waits_for_job},
                    {"millis", to_int32(call.job_timeout.count() > 0 ? call.job_timeout : config_.request)}};
  exchange.is_repeatable = call.repeatable;
  exchange.ignores_cancel = call.ignores_cancel;
  return send(exchange).and_then(read_table);
}

Reply<std::optional<std::string>> SdkDriver::deployment(std::string_view db, std::string_view name) {
  const auto answer = read({{"do", "deployment"}, {"db", db}, {"name", name}});
  if (!answer) return fail(answer.error());
  const auto text = answer->find("data");
  if (text == answer->end() || !text->is_string()) return std::nullopt;
  return text->get<std::string>();
}

Reply<std::vector<std::string>> SdkDriver::databases() {
  const auto answer = read({{"do", "databases"}});
  if (!answer) return fail(answer.error());
  std::vector<std::string> names;
  if (const auto data = answer->find("data"); data != answer->end() && data->is_array())
    for (const Json& name : *data)
      if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

void SdkDriver::refresh() {
  const auto answer = read({{"do", "refresh"}});  // only helps; what it was meant to help will tell
  if (!answer) host_.debug("the SDK did not refresh: " + answer.error().error.to_string());
}

Reply<Json> SdkDriver::read(Json order) { return send({std::move(order), config_.read_limit(), true, false}); }

Reply<Json> SdkDriver::send(const Exchange& exchange) {
  const Repetition repetition{config_.retry, exchange.is_repeatable, exchange.ignores_cancel};
  return repeat(host_, repetition, [&] { return send_once(exchange); });
}

Reply<Json> SdkDriver::send_once(const Exchange& exchange) {
  const auto process = exchange.ignores_cancel ? connected_after_cancel() : connected(host_.cancel_fd());
  if (!process) return fail(process.error());
  const std::int64_t deadline_mono_ms = host_.now_mono_ms() + exchange.limit.count();
  return ask(**process, exchange.order, deadline_mono_ms, exchange.ignores_cancel ? -1 : host_.cancel_fd());
}

Reply<SdkProcess*> SdkDriver::connected(int cancel_fd) {
  if (main_ && !main_->is_idle()) main_.reset();
  if (!main_) {
    is_main_connected_ = false;
    auto started = start(false);
    if (!started) return fail(not_sent(started.error()));
    main_ = std::move(*started);
    if (!standby_) {
      auto second = start(true);
      if (!second) return fail(not_sent(second.error()));
      standby_ = std::move(*second);
    }
  }
  if (is_main_connected_) return main_.get();
  const auto greeting = connect(*main_, kGreetingLimit, cancel_fd);
  if (!greeting) return fail(greeting.error());
  is_main_connected_ = true;
  const Json& data = greeting->at("data");
  host_.info("OpenMLDB SDK " + string_or(data, "sdk", "of unknown version") + ", Python " +
             string_or(data, "python", "") + " (" + string_or(data, "executable", "") + ")");
  return main_.get();
}

Reply<SdkProcess*> SdkDriver::connected_after_cancel() {
  const bool is_stuck = main_ && !main_->is_idle();
  if (!is_stuck || !standby_) return connected(-1);
  if (is_standby_connected_) return standby_.get();
  const auto greeting = connect(*standby_, kLastConnectLimit, -1);
  if (!greeting) return fail(greeting.error());
  is_standby_connected_ = true;
  return standby_.get();
}

Reply<Json> SdkDriver::connect(SdkProcess& process, milliseconds limit, int cancel_fd) {
  const Json order = {{"do", "connect"},           {"zk", target_.zk},
                      {"zkPath", target_.zk_path}, {"requestMillis", to_int32(config_.request)},
                      {"user", config_.user},      {"password", config_.password},
                      {"zkCert", config_.zk_cert}};
  auto greeting = ask(process, order, host_.now_mono_ms() + limit.count(), cancel_fd);
  if (!greeting) {
    greeting.error().may_have_run = false;
  } else if (const auto data = greeting->find("data"); data == greeting->end() || !data->is_object()) {
    return fail(not_sent({ErrorCode::kInternal, "the SDK program does not introduce itself"}));
  }
  return greeting;
}

Reply<Json> SdkDriver::ask(SdkProcess& process, const Json& order, std::int64_t deadline_mono_ms, int cancel_fd) {
  const auto line = process.exchange(dump_json(order), deadline_mono_ms, cancel_fd);
  if (!line) return fail(Failure{line.error(), 0, true});
  auto answer = read_body(*line, "the SDK program");
  if (!answer) return answer;
  const auto problem = answer->find("problem");
  if (problem != answer->end() && problem->is_object()) return fail(to_failure(*problem, target_));
  return answer;
}

Result<std::unique_ptr<SdkProcess>> SdkDriver::start(bool stands_by) {
  const std::filesystem::path program = target_.work_dir / (target_.file_stem + "_sdk_client.py");
  constexpr unsigned kReadableByTenant = 0644;
  if (!is_written_) {
    PORPOISE_TRY_VOID(write_file(program, kSdkProgram, kReadableByTenant, Durability::kAtomic));
    is_written_ = true;
  }
  return SdkProcess::start(host_, program, !stands_by);
}

}  // namespace porpoise::openmldb
