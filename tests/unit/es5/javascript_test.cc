#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "es5/javascript.h"
#include "model/switch_rule.h"
#include "support/golden.h"

#ifdef __SANITIZE_THREAD__
// The C library's lock around the zone is none that TSan sees.
extern "C" const char* __tsan_default_suppressions() { return "race:tzset_internal"; }
constexpr bool kSignalsWait = true;  // … there until the program calls the system, and an endless loop does not
#else
constexpr bool kSignalsWait = false;
#endif
namespace porpoise {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string evaluated(std::string_view source, const ScriptLimits& limits = {}) {
  const auto result = evaluate_boolean(source, limits);
  if (result) return *result ? "true" : "false";
  return result.error().to_string();
}

TEST(EvaluateBoolean, AgreesWithTheRecordedConditions) {
  for (const Json& line : support::read_golden("params/switch.jsonl")) {
    PropertyList params;
    for (const auto& [name, value] : line.at("params").items()) {
      Property& property = params.emplace_back();
      property.prop = name;
      property.value = value;
    }
    const std::string condition = line.at("condition");
    const auto rendered = render_condition(condition, params, {}, SwitchCompat::k315);
    EXPECT_EQ(rendered.value_or(""), line.at("rendered").get<std::string>());
    const auto result = rendered ? evaluate_boolean(*rendered) : tl::unexpected<Error>(rendered.error());
    const Json answer = result ? Json(*result) : Json("error");
    EXPECT_EQ(answer, line.at("result")) << condition << ": " << (result ? "" : result.error().to_string());
  }
}

TEST(EvaluateBoolean, SaysWhatTheResultWasInstead) {
  EXPECT_EQ(evaluated("1 + 1"), "the result is not a Boolean but a number, 2");
  EXPECT_EQ(evaluated("'yes'"), "the result is not a Boolean but a string, \"yes\"");
  EXPECT_EQ(evaluated("null"), "the result is not a Boolean but null");
  EXPECT_EQ(evaluated(""), "the result is not a Boolean but undefined");
  EXPECT_EQ(evaluated("new Boolean(true)"), "the result is not a Boolean but an object");
  EXPECT_EQ(evaluated("(function () {})"), "the result is not a Boolean but a function");
  EXPECT_LT(evaluated("new Array(5000).join('x')").size(), 500U);
}

TEST(EvaluateBoolean, PassesTheExceptionOn) {
  EXPECT_EQ(evaluated("nobody == 1"), "ReferenceError: identifier 'nobody' undefined");
  EXPECT_EQ(evaluated("== 1").substr(0, 11), "SyntaxError");
  EXPECT_EQ(evaluated("throw new Error('no')"), "Error: no");
}

TEST(EvaluateBoolean, EndsAnEndlessLoopAtItsCpuLimit) {
  if (kSignalsWait) GTEST_SKIP() << "TSan keeps the signal of the CPU limit from an endless loop";
  const auto begin = steady_clock::now();
  EXPECT_EQ(evaluated("while (true) {}", {.cpu = milliseconds(50)}), "CPU limit of 50 ms exceeded");
  EXPECT_LT(steady_clock::now() - begin, std::chrono::seconds(5));
  EXPECT_EQ(evaluated("try { while (true) {} } finally { true }", {.cpu = milliseconds(50)}),
            "CPU limit of 50 ms exceeded");
}

TEST(EvaluateBoolean, EndsACatastrophicPatternAtALimit) {
  const std::string message = evaluated("/^(a+)+$/.test('" + std::string(40, 'a') + "b')", {.cpu = milliseconds(100)});
  EXPECT_TRUE(message.find("CPU limit") != std::string::npos || message.find("limit") != std::string::npos) << message;
  EXPECT_NE(message, "true");
  EXPECT_NE(message, "false");
}

TEST(EvaluateBoolean, EndsAtTheTimeLimitWhateverTheCpuDoes) {
  EXPECT_EQ(evaluated("while (true) {}", {.cpu = milliseconds(60000), .wall = milliseconds(100)}),
            "time limit of 100 ms exceeded");
}

TEST(EvaluateBoolean, EndsAtTheMemoryLimit) {
  const ScriptLimits patient = {.cpu = milliseconds(20000), .wall = milliseconds(30000)};
  EXPECT_EQ(evaluated("var s = 'x'; while (s.length < 1e9) s += s; true", patient), "memory limit of 64 MiB exceeded");
  EXPECT_EQ(evaluated("var a = [], s = new Array(10000).join('x'); while (true) a.push(s + a.length)", patient),
            "memory limit of 64 MiB exceeded");
  EXPECT_EQ(evaluated("true", {.memory_bytes = 1000}), "memory limit of 1000 bytes exceeded");
}

TEST(EvaluateBoolean, EndsDeepRecursionAsAnError) {
  EXPECT_EQ(evaluated("(function f() { return 1 + f() })()").substr(0, 10), "RangeError");
  EXPECT_EQ(evaluated(std::string(50000, '(') + "true" + std::string(50000, ')')).substr(0, 10), "RangeError");
  EXPECT_EQ(evaluated("var a = []; for (var i = 0; i < 20000; i++) a = [a]; JSON.stringify(a) == ''").substr(0, 10),
            "RangeError");
}

TEST(EvaluateBoolean, RefusesAHugeScript) {
  EXPECT_NE(evaluated(std::string(2U << 20U, ' ')).find("larger than"), std::string::npos);
}

TEST(EvaluateBoolean, OffersNothingBeyondES5) {
  for (const char* const name :
       {"Duktape", "CBOR",       "TextEncoder", "TextDecoder", "performance", "Proxy", "Reflect",
        "Symbol",  "Uint8Array", "ArrayBuffer", "DataView",    "globalThis",  "print", "require",
        "load",    "java",       "Java",        "Packages",    "process",     "Buffer"})
    EXPECT_EQ(evaluated("typeof " + std::string(name) + " == 'undefined'"), "true") << name;
  for (const char* const name :
       {"Object", "Function", "Array", "String", "Boolean", "Number", "Date", "RegExp", "Error", "Math", "JSON",
        "parseInt", "decodeURIComponent", "eval", "isFinite", "URIError"})
    EXPECT_EQ(evaluated("typeof " + std::string(name) + " != 'undefined'"), "true") << name;
}

TEST(EvaluateBoolean, KnowsTheClockAndTheZone) {
  EXPECT_EQ(evaluated("new Date().getTime() > 1600000000000"), "true");
  EXPECT_EQ(evaluated("new Date(2023, 0, 1).getHours() == 0"), "true");
}

TEST(EvaluateBoolean, LeavesNoChildBehind) {
  if (kSignalsWait) GTEST_SKIP() << "TSan keeps the signal of the CPU limit from an endless loop";
  EXPECT_EQ(evaluated("true"), "true");
  EXPECT_EQ(evaluated("while (true) {}", {.cpu = milliseconds(20)}), "CPU limit of 20 ms exceeded");
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(EvaluateBoolean, WorksWhenSomebodyElseReapsTheChild) {
  if (kSignalsWait) GTEST_SKIP() << "TSan keeps the signal of the CPU limit from an endless loop";
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;  // the kernel reaps at once
  ::sigaction(SIGCHLD, &ignore, &before);
  EXPECT_EQ(evaluated("1 < 2"), "true");
  EXPECT_EQ(evaluated("while (true) {}", {.cpu = milliseconds(20)}), "CPU limit of 20 ms exceeded");
  ::sigaction(SIGCHLD, &before, nullptr);
}

TEST(EvaluateBoolean, MayBeCalledFromManyThreads) {
  std::vector<std::thread> threads;
  std::array<std::string, 4> results;
  for (std::size_t i = 0; i < results.size(); ++i)
    threads.emplace_back([&results, i] { results.at(i) = evaluated(std::to_string(i) + " % 2 == 0"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(results, (std::array<std::string, 4>{"true", "false", "true", "false"}));
}

}  // namespace

namespace {

#if defined(PORPOISE_SANITIZED)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// What a fenced child wrote; `act` gives one character.
std::string told_by_child(char (*act)()) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    fence_in(write_end.get(), std::chrono::seconds(2), [](int) { ::_exit(2); });
    const char told = act();
    ::_exit(::write(kFencedFd, &told, 1) == 1 ? 0 : 1);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  write_end.reset();
  std::array<char, 16> buffer{};
  const ssize_t count = ::read(read_end.get(), buffer.data(), buffer.size());
  ::waitpid(child, nullptr, 0);
  return std::string(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
}

TEST(FenceIn, LeavesNoDescriptorButTheOneToAnswer) {
  const UniqueFd inherited(::open("/dev/null", O_RDONLY));
  ASSERT_GT(inherited.get(), 0);
  const auto any_open = [] {
    for (int fd = 0; fd < 256; ++fd)
      if (char byte = 0; fd != kFencedFd && (::write(fd, &byte, 0) == 0 || errno != EBADF)) return 'y';
    return 'n';
  };
  EXPECT_EQ(told_by_child(any_open), "n");
}

TEST(FenceIn, ForgetsTheSignalHandlersOfTheParent) {
  if (!kSanitized) GTEST_SKIP() << "behind the whole fence a process cannot even signal itself";
  const auto before = ::signal(SIGTERM, [](int) {});
  EXPECT_EQ(told_by_child([] { return ::raise(SIGTERM) == 0 ? 'h' : 'x'; }), "") << "the default action ends the child";
  ::signal(SIGTERM, before);
}

TEST(FenceIn, RefusesSystemCalls) {
  if (kSanitized) GTEST_SKIP() << "the run time of the sanitizers needs calls that the fence refuses";
  EXPECT_EQ(told_by_child([] { return ::open("/etc/passwd", O_RDONLY) == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
  EXPECT_EQ(told_by_child([] { return ::socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
  EXPECT_EQ(told_by_child([] { return ::fork() == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
  EXPECT_EQ(told_by_child([] { return ::kill(::getppid(), 0) == -1 && errno == EPERM ? 'n' : 'y'; }), "n");
}

}  // namespace

}  // namespace porpoise
