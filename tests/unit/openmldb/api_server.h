// A scripted APIServer: a test gives the answers, this keeps the calls. Answers follow the shapes of OpenMLDB 0.8 and
// 0.9.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "support/http_server.h"

namespace porpoise::openmldb {

using HttpReply = support::HttpAnswer;
using Manner = HttpReply::Manner;

struct ApiCall {
  std::string target;  // "POST /dbs/demo_db"
  std::string sql;
  std::string mode;
  Json body;
};

inline HttpReply body(std::string text, int status = 200) {
  HttpReply reply;
  reply.status = status;
  reply.body = std::move(text);
  return reply;
}
inline HttpReply ok() { return body(R"({"code":0,"msg":"ok"})"); }
inline HttpReply refusal(int code, const std::string& message) {
  return body(dump_json(Json{{"code", code}, {"msg", message}}));
}
inline HttpReply rows(const Json& types, const Json& data) {
  return body(dump_json(Json{{"code", 0}, {"msg", "ok"}, {"data", {{"schema", types}, {"data", data}}}}));
}
inline HttpReply misbehave(Manner manner) {
  HttpReply reply = ok();
  reply.manner = manner;
  return reply;
}

// A row of SHOW JOB since 0.8.1: 14 columns.
inline Json job_row(int id, const std::string& type, const std::string& state,
                    const std::string& parameter = "/tmp/x.sql", const std::string& error = "") {
  return {id,    type,    state,   1690000000000, nullptr, parameter,    "local[*]", "local-1690000001234",
          error, nullptr, nullptr, nullptr,       nullptr, "TaskManager"};
}
inline HttpReply jobs(const std::vector<Json>& list) {
  return rows({"Int32", "String", "String", "Timestamp", "Timestamp", "String", "String", "String", "String", "String",
               "String", "Int32", "String", "String"},
              list);
}
inline HttpReply text_cell(const std::string& text) { return rows({"String"}, {{text}}); }

class ApiServer {
 public:
  using Script = std::function<HttpReply(const ApiCall&)>;

  // What the script does not answer (status 0) is answered like a quiet cluster with one database, demo_db.
  explicit ApiServer(Script script)
      : script_(std::move(script)), http_([this](const support::HttpRequest& request) { return answer(request); }) {}

  std::string url() const { return http_.url(""); }
  // "mode: sql" or "GET /dbs" of every call so far.
  std::vector<std::string> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::size_t count(const std::string& sql_prefix) const {
    const std::vector<std::string> all = calls();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const std::string& call) {
      return call.find(": " + sql_prefix) != std::string::npos || call.rfind(sql_prefix, 0) == 0;
    }));
  }

 private:
  HttpReply answer(const support::HttpRequest& request) {
    ApiCall call;
    call.target = request.method + " " + request.target;
    if (const auto body = parse_json(request.body); body && body->is_object()) call.body = *body;
    call.sql = call.body.is_object() ? string_or(call.body, "sql", "") : "";
    call.mode = call.body.is_object() ? string_or(call.body, "mode", "") : "";
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call.sql.empty() ? call.target : call.mode + " " + request.target + ": " + call.sql);
    }
    HttpReply reply = script_(call);
    if (reply.status != 0) return reply;
    if (call.target == "GET /dbs") return body(R"({"code":0,"msg":"ok","dbs":["demo_db"]})");
    if (call.sql == "SHOW JOBS") return jobs({});
    if (request.method == "GET") return refusal(-1, "deployment not found");
    return ok();
  }

  Script script_;
  mutable std::mutex mutex_;  // guards calls_
  std::vector<std::string> calls_;
  support::HttpServer http_;
};

inline HttpReply unscripted() { return body("", 0); }

}  // namespace porpoise::openmldb
