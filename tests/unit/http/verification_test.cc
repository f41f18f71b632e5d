// What follows a deployment by HTTP: `verify` and `rollback`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/json.h"
#include "support/fake_host.h"
#include "support/http_server.h"

namespace porpoise {
namespace {

using support::HttpAnswer;
using support::HttpRequest;
using support::HttpServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers POST /update and POST /rollback with 200, and GET /predict as told.
class Verification : public ::testing::Test {
 protected:
  Verification() { host_.parameters = {{"row", "7"}, {"earlier", "model-1"}}; }

  support::LoadedTask::Ending run(const HttpServer& server, const Json& verify, bool rolls_back = true) {
    Json params = {{"url", server.url("/update")}, {"httpMethod", "POST"}, {"rawBody", "model"}, {"verify", verify}};
    params["verify"]["url"] = server.url("/predict?row=${row}");
    if (rolls_back)
      params["rollback"] = {
          {"url", server.url("/rollback")}, {"body", R"({"to":"${earlier}"})"}, {"headers", {{"X-Why", "unverified"}}}};
    const auto prepared = task_.prepare(dump_json(params));
    return prepared.status == PORPOISE_OK ? task_.run() : prepared;
  }
  static HttpServer::Handler predict(std::vector<HttpAnswer> answers) {
    return [answers = std::move(answers), next = std::size_t{0}](const HttpRequest& request) mutable {
      return request.method == "GET" ? answers[std::min(next++, answers.size() - 1)] : HttpAnswer{.body = "done"};
    };
  }
  static std::vector<std::string> targets(const HttpServer& server) {
    std::vector<std::string> all;
    for (const HttpRequest& request : server.requests()) all.push_back(request.method + " " + request.target);
    return all;
  }

  support::FakeHost host_;
  support::LoadedTask task_{host_, "http.so", "HTTP"};
};

TEST_F(Verification, AModelThatAnswersIsASuccess) {
  const HttpServer server(predict({HttpAnswer{.body = "attributed: no"}}));
  const auto ending = run(server, {{"contains", "attributed"}});
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
  EXPECT_THAT(targets(server), ElementsAre("POST /update", "GET /predict?row=7"));
  EXPECT_THAT(host_.log(), AllOf(HasSubstr("verifying by GET http://"), HasSubstr("attributed: no")));
}

TEST_F(Verification, AServerMayTakeItsTimeToLoadTheModel) {
  const HttpServer server(predict({HttpAnswer{.status = 503}, HttpAnswer{.manner = HttpAnswer::Manner::kReset},
                                   HttpAnswer{.body = "loading"}, HttpAnswer{.body = "ready"}}));
  const auto ending = run(server, {{"contains", "ready"}});
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
  EXPECT_THAT(targets(server), Not(::testing::Contains("POST /rollback")));
}

TEST_F(Verification, AModelThatDoesNotAnswerIsRolledBack) {
  const HttpServer server(predict({HttpAnswer{.status = 500, .body = "no model"}}));
  const auto ending = run(server, {{"withinMillis", 0}});
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message,
              AllOf(HasSubstr("the request succeeded, but was not verified: expected status 200, got 500"),
                    HasSubstr("no model"), HasSubstr("it was rolled back, status 200")));
  EXPECT_THAT(targets(server), ElementsAre("POST /update", "GET /predict?row=7", "POST /rollback"));
  EXPECT_EQ(server.requests().back().body, R"({"to":"model-1"})");
  EXPECT_EQ(server.requests().back().header("X-Why"), "unverified");
  EXPECT_EQ(server.requests().back().header("Content-Type"), "application/json");
}

TEST_F(Verification, AllThatIsExpectedMustHold) {
  for (const auto& [verify, reason] : {std::pair(Json{{"expect", 204}}, "expected status 204, got 200"),
                                       std::pair(Json{{"contains", "version 2"}}, "expected 'version 2' in the body"),
                                       std::pair(Json{{"contains", "version"}, {"containsNot", "version 1"}},
                                                 "expected a body without 'version 1'")}) {
    const HttpServer server(predict({HttpAnswer{.body = "version 1"}}));
    Json once = verify;
    once["withinMillis"] = 0;
    const auto ending = run(server, once);
    EXPECT_EQ(ending.status, PORPOISE_FAILED);
    EXPECT_THAT(ending.message, HasSubstr(reason));
  }
}

TEST_F(Verification, WithoutARollbackTheTaskFailsAndNothingElseHappens) {
  const HttpServer server(predict({HttpAnswer{.status = 500}}));
  const auto ending = run(server, {{"withinMillis", 0}}, false);
  EXPECT_EQ(ending.status, PORPOISE_FAILED);
  EXPECT_THAT(ending.message, Not(HasSubstr("rolled back")));
  EXPECT_EQ(targets(server).size(), 2U);
}

TEST_F(Verification, ARollbackThatFailsIsSaidLoudly) {
  const HttpServer server(
      [](const HttpRequest& request) { return HttpAnswer{.status = request.target == "/update" ? 200 : 500}; });
  EXPECT_THAT(run(server, {{"withinMillis", 0}}).message, HasSubstr("AND THE ROLLBACK FAILED: status 500"));
}

TEST_F(Verification, ARequestThatFailsIsNeitherVerifiedNorRolledBack) {
  const HttpServer server({HttpAnswer{.status = 500}});
  EXPECT_EQ(run(server, Json::object()).status, PORPOISE_FAILED);
  EXPECT_THAT(targets(server), ElementsAre("POST /update"));
}

TEST_F(Verification, ACancelDuringItRollsBack) {
  const HttpServer server(predict({HttpAnswer{.manner = HttpAnswer::Manner::kHang}}));
  std::thread canceller([&] {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (targets(server).size() < 2 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    host_.cancel();
  });
  const auto ending = run(server, {{"withinMillis", 60000}});
  canceller.join();
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED);
  EXPECT_THAT(ending.message, HasSubstr("it was rolled back, status 200"));
  EXPECT_EQ(targets(server).back(), "POST /rollback");
}

TEST_F(Verification, WrongFieldsAreRefusedBeforeAnythingIsSent) {
  const HttpServer server({HttpAnswer{}});
  const Json good = {{"url", server.url("/predict")}};
  const auto with = [&](const char* name, const Json& value) {
    Json changed = good;
    changed[name] = value;
    return Json{{"verify", changed}};
  };
  const std::vector<std::pair<Json, const char*>> cases = {
      {{{"verify", "http://x"}}, "verify: must be an object"},
      {{{"verify", Json::object()}}, "verify: the parameter url is missing"},
      {with("expects", 200), "verify: the parameter expects is not known (did you mean 'expect'?)"},
      {with("expect", "ok"), "verify: the parameter expect must be an HTTP status like 200, not 'ok'"},
      {with("withinMillis", "soon"), "verify: the parameter withinMillis must be milliseconds"},
      {with("method", "PATCH"), "verify: the parameter method must be GET"},
      {with("headers", Json::array()), "verify: the parameter headers must be an object"},
      {{{"rollback", good}}, "the parameter rollback is of no use without verify"},
      {{{"verify", good}, {"rollback", {{"url", "ftp://x"}}}}, "rollback: the parameter url must begin with http://"},
  };
  for (const auto& [fields, reason] : cases) {
    Json params = {{"url", server.url("/update")}, {"httpMethod", "POST"}};
    params.update(fields);
    const auto ending = task_.prepare(dump_json(params));
    EXPECT_EQ(ending.status, PORPOISE_INVALID_PARAMS) << fields;
    EXPECT_THAT(ending.message, HasSubstr(reason));
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Verification, ThePlanShowsWhatWouldFollow) {
  const Json params = {{"url", "http://127.0.0.1:1/update"},
                       {"httpMethod", "POST"},
                       {"verify", {{"url", "http://user:secret@127.0.0.1:1/predict"}}},
                       {"rollback", {{"url", "http://127.0.0.1:1/back"}, {"method", "PUT"}}}};
  ASSERT_EQ(task_.prepare(dump_json(params)).status, PORPOISE_OK);
  EXPECT_THAT(task_.plan(), HasSubstr("would verify by GET http://***@127.0.0.1:1/predict\n"
                                      "would roll back by PUT http://127.0.0.1:1/back\n"));
}

}  // namespace
}  // namespace porpoise
