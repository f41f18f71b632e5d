#include "openmldb/rest_driver.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "openmldb/rest_answer.h"
#include "openmldb/retry.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectLimit{10000};
// An answer is held in memory as a whole; people put a LIMIT on larger ones.
constexpr std::size_t kMaxAnswerBytes = std::size_t{32} << 20U;

// offsync/offasync wait for the job or not; "online" never waits, which suits us: jobs are followed by their id.
std::string_view rest_mode(const Call& call) {
  if (call.mode == Mode::kOnline) return "online";
  return call.waits_for_job ? "offsync" : "offasync";
}

Failure bad_segment(std::string_view what, std::string_view name) {
  return {Error(ErrorCode::kInvalid,
                "the " + std::string(what) + " name '" + std::string(name) +
                    "' cannot be reached over the APIServer: only letters, digits and -_~!$&'()*+,;=:@"),
          0, false};
}

bool is_missing_deployment(const Failure& failure) {
  const std::string text = failure.error.to_string();
  return failure.server_code != 0 &&
         (text.find("not found") != std::string::npos || text.find("does not exist") != std::string::npos);
}

}  // namespace

bool is_path_segment(std::string_view text) {
  constexpr std::string_view kMarks = "-_~!$&'()*+,;=:@";
  return !text.empty() && std::all_of(text.begin(), text.end(), [kMarks](unsigned char c) {
    return c < 0x80 && (std::isalnum(c) != 0 || kMarks.find(static_cast<char>(c)) != std::string_view::npos);
  });
}

RestDriver::RestDriver(plugin::Host host, std::string url, const Config& config)
    : host_(host), url_(std::move(url)), config_(config), transfer_(host.cancel_fd()), last_words_(-1) {}

Reply<Table> RestDriver::execute(const Call& call) {
  if (!is_path_segment(call.db)) return fail(bad_segment("database", call.db));
  Json body = {{"mode", rest_mode(call)}, {"sql", call.sql}};
  if (call.job_timeout.count() > 0)
    body["timeout"] = std::min<std::int64_t>(call.job_timeout.count(), std::numeric_limits<std::int32_t>::max());
  Exchange exchange;
  exchange.http.method = "POST";
  exchange.http.url = url_ + "/dbs/" + call.db;
  exchange.http.headers = {{"Content-Type", "application/json"}};
  exchange.http.body = dump_json(body);
  exchange.http.repeatable = call.repeatable;
  exchange.limit = call.limit.count() > 0 ? call.limit : config_.request;
  exchange.ignores_cancel = call.ignores_cancel;
  return send(exchange).and_then(read_table);
}

Reply<std::optional<std::string>> RestDriver::deployment(std::string_view db, std::string_view name) {
  if (!is_path_segment(db)) return fail(bad_segment("database", db));
  if (!is_path_segment(name)) return fail(bad_segment("deployment", name));
  const auto answer = get("/dbs/" + std::string(db) + "/deployments/" + std::string(name));
  if (!answer && is_missing_deployment(answer.error())) return std::nullopt;
  if (!answer) return fail(answer.error());
  const auto data = answer->find("data");
  return data != answer->end() && data->is_object() ? string_or(*data, "procedure", "") : std::string();
}

Reply<std::vector<std::string>> RestDriver::databases() {
  const auto answer = get("/dbs");
  if (!answer) return fail(answer.error());
  std::vector<std::string> names;
  const auto found = answer->find("dbs");
  if (found == answer->end() || !found->is_array()) return names;
  for (const Json& name : *found)
    if (name.is_string()) names.push_back(name.get<std::string>());
  return names;
}

void RestDriver::refresh() {
  Exchange exchange;
  exchange.http.method = "POST";
  exchange.http.url = url_ + "/refresh";
  exchange.limit = config_.read_limit();
  const auto answer = send_once(exchange);  // only helps; what it was meant to help will tell
  if (!answer) host_.debug("the APIServer did not refresh: " + answer.error().error.to_string());
}

Reply<Json> RestDriver::get(const std::string& path) {
  Exchange exchange;
  exchange.http.url = url_ + path;
  exchange.http.repeatable = true;
  exchange.limit = config_.read_limit();
  return send(exchange);
}

Reply<Json> RestDriver::send(const Exchange& exchange) {
  const Repetition repetition{config_.retry, exchange.http.repeatable, exchange.ignores_cancel};
  return repeat(host_, repetition, [&] { return send_once(exchange); });
}

Reply<Json> RestDriver::send_once(const Exchange& exchange) {
  curl::HttpRequest http = exchange.http;
  http.connect_timeout = kConnectLimit;
  http.max_response_bytes = kMaxAnswerBytes;
  http.deadline_mono_ms = host_.now_mono_ms() + exchange.limit.count();
  curl::Transfer& transfer = exchange.ignores_cancel ? last_words_ : transfer_;
  const auto response = transfer.perform(http);
  if (!response) return fail(Failure{response.error(), 0, transfer.request_was_sent()});
  return read_answer(response->status, response->body);
}

}  // namespace porpoise::openmldb
