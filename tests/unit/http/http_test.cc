#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/json.h"
#include "support/fake_host.h"
#include "support/http_server.h"

namespace porpoise {
namespace {

using support::HttpAnswer;
using support::HttpServer;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Json request_to(const HttpServer& server, const std::string& method, const std::string& target = "/") {
  return {{"url", server.url(target)}, {"httpMethod", method}};
}

Json entry(const std::string& kind, const std::string& name, const std::string& value) {
  return {{"prop", name}, {"httpParametersType", kind}, {"value", value}};
}

class Http : public ::testing::Test {
 protected:
  support::LoadedTask::Ending run(const Json& params) {
    auto prepared = task_.prepare(dump_json(params));
    return prepared.status == PORPOISE_OK ? task_.run() : prepared;
  }
  std::int64_t now_mono_ms() const { return host_.c()->now_mono_ms(host_.c()); }

  support::FakeHost host_;
  support::LoadedTask task_{host_, "http.so", "HTTP"};
};

// The request.

TEST_F(Http, SendsAPlainGetWithoutABody) {
  const HttpServer server({HttpAnswer{.body = "pong"}});
  const auto ending = run(request_to(server, "GET", "/ping?a=1"));
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
  EXPECT_EQ(ending.exit_code, 0);
  ASSERT_EQ(server.requests().size(), 1U);
  const auto request = server.requests()[0];
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/ping?a=1");
  EXPECT_EQ(request.body, "");
  EXPECT_FALSE(request.has_header("Content-Type"));
}

TEST_F(Http, NumbersStandForTheNamesOfItsEnumerations) {
  const HttpServer server({HttpAnswer{.status = 404, .body = "gone"}});
  Json params = request_to(server, "POST");
  params["httpMethod"] = 3;
  params["httpParams"] = {{{"prop", "a"}, {"httpParametersType", 0}, {"value", "1"}}};
  params["httpCheckCondition"] = "2";
  params["condition"] = "gone";
  const auto ending = run(params);
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
  EXPECT_EQ(server.requests().at(0).method, "PUT");
  EXPECT_EQ(server.requests().at(0).target, "/?a=1");
}

TEST_F(Http, BodyEntriesBecomeAnObjectOfTexts) {
  const HttpServer server({HttpAnswer{}});
  Json params = request_to(server, "POST");
  params["httpParams"] = {entry("BODY", "b", "1"), entry("BODY", "a", "ü"), entry("BODY", "b", "2")};
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.body, R"({"b":"2","a":"ü"})");
  EXPECT_EQ(request.header("Content-Type"), "application/json");
  EXPECT_FALSE(request.has_header("Content-Encoding"));
}

TEST_F(Http, ParametersGoToTheQueryOfEveryMethodAndBringAnEmptyObject) {
  for (const std::string method : {"GET", "POST", "PUT", "DELETE"}) {
    const HttpServer server({HttpAnswer{}});
    Json params = request_to(server, method, "/x?old=1#fragment");
    params["httpParams"] = {entry("PARAMETER", "q", "a b&c=ü"), entry("PARAMETER", "empty", "")};
    EXPECT_EQ(run(params).status, PORPOISE_OK);
    const auto request = server.requests().at(0);
    EXPECT_EQ(request.method, method);
    EXPECT_EQ(request.target, "/x?old=1&q=a+b%26c%3D%C3%BC&empty=");
    EXPECT_EQ(request.body, "{}");
  }
}

TEST_F(Http, AHeadHasNoBody) {
  const HttpServer server({HttpAnswer{.body = "not sent"}});
  Json params = request_to(server, "HEAD");
  params["httpParams"] = {entry("HEADERS", "X-One", "1")};
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  EXPECT_EQ(server.requests().at(0).method, "HEAD");
  EXPECT_EQ(server.requests().at(0).body, "");
}

TEST_F(Http, HeadersMayRepeatAndReplaceTheContentType) {
  const HttpServer server({HttpAnswer{}});
  Json params = request_to(server, "POST");
  params["httpParams"] = {entry("HEADERS", "X-Two", "1"), entry("HEADERS", "X-Two", "2"),
                          entry("HEADERS", "content-type", "application/vnd.api+json")};
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.header("Content-Type"), "application/vnd.api+json");
  EXPECT_EQ(std::count_if(request.headers.begin(), request.headers.end(),
                          [](const auto& header) { return header.first == "X-Two"; }),
            2);
}

TEST_F(Http, PlaceholdersAreReplacedWhateverTheirValuesHold) {
  const HttpServer server({HttpAnswer{}});
  host_.parameters = {{"path", "deploy"}, {"text", "line 1\n\"line 2\""}, {"name", "X-Run"}};
  Json params = request_to(server, "POST", "/${path}");
  params["httpParams"] = {entry("BODY", "text", "${text}"), entry("HEADERS", "${name}", "7")};
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.target, "/deploy");
  EXPECT_EQ(request.body, R"({"text":"line 1\n\"line 2\""})");
  EXPECT_EQ(request.header("X-Run"), "7");
}

TEST_F(Http, ARawBodyIsSentAsItIs) {
  const HttpServer server({HttpAnswer{}});
  host_.parameters["model"] = "m1";
  Json params = request_to(server, "PUT");
  params["rawBody"] = R"({"model": "${model}", "n": [1, 2.5]})";
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  EXPECT_EQ(server.requests().at(0).body, R"({"model": "m1", "n": [1, 2.5]})");
  EXPECT_EQ(server.requests().at(0).header("Content-Type"), "application/json");
}

// The check of the answer.

struct CheckCase {
  std::string check, condition;
  int status;
  std::string body;
  bool good;
};

class HttpCheck : public Http, public ::testing::WithParamInterface<CheckCase> {};

TEST_P(HttpCheck, DecidesAsIn31) {
  const CheckCase& check = GetParam();
  const HttpServer server({HttpAnswer{.status = check.status, .body = check.body}});
  Json params = request_to(server, "GET");
  if (!check.check.empty()) params["httpCheckCondition"] = check.check;
  params["condition"] = check.condition;
  const auto ending = run(params);
  EXPECT_EQ(ending.status, check.good ? PORPOISE_OK : PORPOISE_FAILED) << ending.message;
  EXPECT_EQ(ending.exit_code, check.good ? 0 : -1);
}

INSTANTIATE_TEST_SUITE_P(Answers, HttpCheck,
                         ::testing::Values(CheckCase{"", "", 200, "", true}, CheckCase{"", "", 201, "", false},
                                           CheckCase{"STATUS_CODE_DEFAULT", "404", 404, "", false},
                                           CheckCase{"STATUS_CODE_CUSTOM", "201", 201, "", true},
                                           CheckCase{"STATUS_CODE_CUSTOM", "201", 200, "", false},
                                           CheckCase{"BODY_CONTAINS", "ok", 500, "it is ok", true},
                                           CheckCase{"BODY_CONTAINS", "ok", 200, "no", false},
                                           CheckCase{"BODY_CONTAINS", "ok", 200, "", false},
                                           CheckCase{"BODY_NOT_CONTAINS", "error", 500, "fine", true},
                                           CheckCase{"BODY_NOT_CONTAINS", "error", 200, "an error", false},
                                           CheckCase{"BODY_NOT_CONTAINS", "error", 200, "", false}));

TEST_F(Http, AFailedCheckSaysWhatWasExpectedAndWhatCame) {
  const HttpServer server({HttpAnswer{.status = 503, .body = "model\nis loading"}});
  EXPECT_EQ(run(request_to(server, "GET")).message, "expected status 200, got 503 and the body: model is loading");
}

TEST_F(Http, LogsRequestStatusAndBody) {
  const HttpServer server({HttpAnswer{.body = "pong"}});
  Json params = request_to(server, "GET", "/ping");
  params["url"] = "http://user:secret@" + server.authority() + "/ping";
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  EXPECT_THAT(host_.log(), HasSubstr("GET http://***@" + server.authority() + "/ping\n"));
  EXPECT_THAT(host_.log(), HasSubstr("status 200 after "));
  EXPECT_THAT(host_.log(), EndsWith("pong\n"));
  EXPECT_THAT(host_.log(), Not(HasSubstr("secret")));
}

TEST_F(Http, ALongBodyIsCutInTheLog) {
  const HttpServer server({HttpAnswer{.body = std::string(200000, 'x')}});
  EXPECT_EQ(run(request_to(server, "GET")).status, PORPOISE_OK);
  EXPECT_LT(host_.log().size(), 70000U);
  EXPECT_THAT(host_.log(), EndsWith("… 134464 bytes more\n"));
}

TEST_F(Http, TheAnswerMayBecomeAnOutParameter) {
  const HttpServer server({HttpAnswer{.body = "\n {\"version\": 3} \n"}});
  Json params = request_to(server, "GET");
  params["responseParam"] = "answer";
  params["localParams"] = {{{"prop", "answer"}, {"direct", "OUT"}, {"type", "VARCHAR"}, {"value", ""}}};
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  EXPECT_EQ(host_.vars().at("answer"), "{\"version\": 3}");
}

TEST_F(Http, AnOutParameterIsCutBetweenCharacters) {
  std::string body = "x";
  while (body.size() < 70000) body += "ü";
  const HttpServer server({HttpAnswer{.body = body}});
  Json params = request_to(server, "GET");
  params["responseParam"] = "answer";
  params["localParams"] = {{{"prop", "answer"}, {"direct", "OUT"}}};
  EXPECT_EQ(run(params).status, PORPOISE_OK);
  EXPECT_EQ(host_.vars().at("answer"), body.substr(0, 65535)) << "65536 would cut an ü in half";
}

TEST_F(Http, CompressedAnswersAreRead) {
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\x48\xaf\xca\x2c\x00\x00\x19\x6a\xd2\xdf\x0a\x00"
      "\x00\x00",
      30);
  const HttpServer server({HttpAnswer{.body = gzip, .headers = {{"Content-Encoding", "gzip"}}}});
  Json params = request_to(server, "GET");
  params["httpCheckCondition"] = "BODY_CONTAINS";
  params["condition"] = "hello gzip";
  const auto ending = run(params);
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
}

TEST_F(Http, OtherCharsetsAreRead) {
  const HttpServer server(
      {HttpAnswer{.body = "gr\xfc\xdf", .headers = {{"Content-Type", "text/plain; charset=\"ISO-8859-1\""}}}});
  Json params = request_to(server, "GET");
  params["httpCheckCondition"] = "BODY_CONTAINS";
  params["condition"] = "grüß";
  const auto ending = run(params);
  EXPECT_EQ(ending.status, PORPOISE_OK) << ending.message;
}

TEST_F(Http, RedirectsAreFollowedForGetAlone) {
  const auto redirect = [](const support::HttpRequest& request) {
    if (request.target == "/new") return HttpAnswer{.body = "moved"};
    return HttpAnswer{.status = 302, .headers = {{"Location", "/new"}}};
  };
  const HttpServer server{HttpServer::Handler(redirect)};
  EXPECT_EQ(run(request_to(server, "GET", "/old")).status, PORPOISE_OK);
  const auto post = run(request_to(server, "POST", "/old"));
  EXPECT_EQ(post.status, PORPOISE_FAILED);
  EXPECT_THAT(post.message, HasSubstr("got 302"));
}

// Servers that do not answer.

TEST_F(Http, ACancelEndsAHangingRequestAtOnce) {
  const HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kHang}});
  ASSERT_EQ(task_.prepare(dump_json(request_to(server, "POST"))).status, PORPOISE_OK);
  std::int64_t cancelled_ms = 0;
  std::thread canceller([&] {
    EXPECT_TRUE(server.wait_for_requests(1));
    cancelled_ms = now_mono_ms();
    host_.cancel();
  });
  const auto ending = task_.run();
  const std::int64_t ended_ms = now_mono_ms();
  canceller.join();
  EXPECT_EQ(ending.status, PORPOISE_CANCELLED);
  EXPECT_LT(ended_ms - cancelled_ms, 1000);
}

TEST_F(Http, TheDeadlineEndsAnEndlessAnswer) {
  const HttpServer server({HttpAnswer{.body = std::string(100000, 'x'), .manner = HttpAnswer::Manner::kDribble}});
  task_.deadline_mono_ms = now_mono_ms() + 200;
  const auto ending = run(request_to(server, "GET"));
  EXPECT_EQ(ending.status, PORPOISE_TIMED_OUT) << ending.message;
  EXPECT_LT(now_mono_ms() - task_.deadline_mono_ms, 1000);
}

TEST_F(Http, ASilentServerIsUnavailableAfterTheSocketTimeout) {
  const HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kHang}});
  Json params = request_to(server, "GET");
  params["socketTimeout"] = "100";  // Jackson reads numbers from texts as well
  const auto ending = run(params);
  EXPECT_EQ(ending.status, PORPOISE_UNAVAILABLE);
  EXPECT_EQ(ending.exit_code, -1);
  EXPECT_THAT(ending.message, HasSubstr("silent for 100 ms"));
}

TEST_F(Http, ARefusedConnectionIsUnavailable) {
  std::string url;
  {
    const HttpServer gone({HttpAnswer{}});
    url = gone.url();
  }
  const auto ending = run({{"url", url}, {"httpMethod", "GET"}});
  EXPECT_EQ(ending.status, PORPOISE_UNAVAILABLE);
  EXPECT_THAT(ending.message, HasSubstr("cannot connect to " + url));
}

TEST_F(Http, AGetIsRepeatedWhenItsConnectionBreaks) {
  const HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kReset},
                           HttpAnswer{.manner = HttpAnswer::Manner::kReset}, HttpAnswer{.body = "at last"}});
  EXPECT_EQ(run(request_to(server, "GET")).status, PORPOISE_OK);
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(Http, APostIsNeverRepeated) {
  const HttpServer server({HttpAnswer{.manner = HttpAnswer::Manner::kReset}, HttpAnswer{}});
  EXPECT_EQ(run(request_to(server, "POST")).status, PORPOISE_UNAVAILABLE);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(Http, ATruncatedAnswerIsNoAnswer) {
  const HttpServer server({HttpAnswer{.body = "0123456789", .manner = HttpAnswer::Manner::kTruncate}});
  EXPECT_EQ(run(request_to(server, "POST")).status, PORPOISE_UNAVAILABLE);
}

// Parameters.

TEST_F(Http, RefusesWrongParametersWithAReason) {
  host_.parameters["loop"] = "${loop}";
  const std::string url = R"("url":"http://127.0.0.1/")";
  for (const auto& [params, reason] : std::vector<std::pair<std::string, std::string>>{
           {"{}", "httpMethod must be GET, POST, HEAD, PUT or DELETE"},
           {R"({"httpMethod":"get",)" + url + "}", "not 'get'"},
           {R"({"httpMethod":"GET"})", "url is missing"},
           {R"({"httpMethod":"GET","url":"http://h/a b"})", "illegal character at position 11; write it as %20"},
           {R"({"httpMethod":"GET","url":"http://h/a "})", "url ends with a blank; remove it"},
           {R"({"httpMethod":"GET","url":"http://h/a\n"})", "url ends with a blank; remove it"},
           {R"({"httpMethod":"GET","url":" http://h/a b "})", "url begins with a blank; remove it"},
           {R"({"httpMethod":"GET","url":"http://h/{x}"})", "write it as %7B"},
           {R"({"httpMethod":"GET","url":"http://h/%zz"})", "write it as %25"},
           {R"({"httpMethod":"GET","url":"file:///etc/passwd"})", "must begin with http:// or https://"},
           {R"({"httpMethod":"GET","url":"http://${loop}"})", "circular reference"},
           {R"({"httpMethod":"GET","httpParams":{},)" + url + "}", "httpParams must be a list of at most 1000 entries"},
           {R"({"httpMethod":"GET","httpParams":[1],)" + url + "}", "entry 1 of httpParams: must be an object"},
           {R"({"httpMethod":"GET","httpParams":[{"prop":"x"}],)" + url + "}", "must be PARAMETER, BODY or HEADERS"},
           {R"({"httpMethod":"GET","httpParams":[{"httpParametersType":"BODY"}],)" + url + "}", "prop is empty"},
           {R"({"httpMethod":"GET","connectTimeout":"soon",)" + url + "}", "connectTimeout must be milliseconds"},
           {R"({"httpMethod":"GET","socketTimeout":-1,)" + url + "}", "socketTimeout must be milliseconds"},
           {R"({"httpMethod":"GET","httpCheckCondition":"MAYBE",)" + url + "}", "not 'MAYBE'"},
           {R"({"httpMethod":"GET","httpCheckCondition":"BODY_CONTAINS",)" + url + "}", "condition is missing"},
           {R"({"httpMethod":"GET","responseParam":"r",)" + url + "}", "localParams must declare with direct OUT"},
           {R"({"httpMethod":"PUT","rawBody":"x","httpParams":[{"prop":"x","httpParametersType":"BODY"}],)" + url + "}",
            "rawBody excludes BODY entries"},
           {"[]", "not a JSON object"},
           {"{", "cannot read the task's parameters: line 1"}}) {
    const auto ending = task_.prepare(params);
    EXPECT_EQ(ending.status, PORPOISE_INVALID_PARAMS) << params;
    EXPECT_THAT(ending.message, HasSubstr(reason)) << params;
  }
}

TEST_F(Http, AHeaderCannotSmuggleInAnother) {
  const HttpServer server({HttpAnswer{}});
  Json params = request_to(server, "GET");
  params["httpParams"] = {entry("HEADERS", "X-One", "1\r\nX-Two: 2")};
  EXPECT_NE(run(params).status, PORPOISE_OK);
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Http, ThePlanShowsTheRequestWithoutSecretsAndSendsNothing) {
  const HttpServer server({HttpAnswer{}});
  Json params = request_to(server, "POST", "/deploy");
  params["rawBody"] = "model 1";
  params["httpParams"] = {entry("HEADERS", "Authorization", "Bearer secret")};
  ASSERT_EQ(task_.prepare(dump_json(params)).status, PORPOISE_OK);
  const std::string plan = task_.plan();
  EXPECT_THAT(plan, HasSubstr("would send POST " + server.url("/deploy")));
  EXPECT_THAT(plan, HasSubstr("header Authorization\n"));
  EXPECT_THAT(plan, HasSubstr("body model 1\n"));
  EXPECT_THAT(plan, Not(HasSubstr("secret")));
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace porpoise
