// The daemon's own log, in both formats.
#include "observe/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <optional>
#include <sstream>
#include <thread>

#include "base/descriptor.h"
#include "base/json.h"

namespace porpoise {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

// A log into a file that is gone with the test.
class Written {
 public:
  explicit Written(LogSettings settings) : file_(std::tmpfile()) {
    settings.target = file_;
    auto log = Log::open(settings);
    EXPECT_TRUE(log) << log.error().to_string();
    log_.emplace(std::move(*log));
  }
  Written(const Written&) = delete;
  ~Written() { std::fclose(file_); }

  Log& log() { return *log_; }
  std::string text() {
    std::string text(1U << 20U, '\0');
    std::rewind(file_);
    text.resize(std::fread(text.data(), 1, text.size(), file_));
    return text;
  }
  // Without the time.
  std::string line() { return text().substr(std::string("2026-11-25 10:00:00.123 ").size()); }
  Json json() {
    const auto json = parse_json(text());
    EXPECT_TRUE(json) << json.error().to_string() << ": " << text();
    return json.value_or(Json());
  }

 private:
  std::FILE* file_;
  std::optional<Log> log_;
};

TEST(Log, WritesALineForPeople) {
  Written written({});
  written.log().info("task started", {{"task_instance_id", 12}, {"master", "10.0.0.1:5678"}, {"dry_run", false}});
  EXPECT_THAT(written.text(),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} INFO  task started "
                           "task_instance_id=12 master=10\\.0\\.0\\.1:5678 dry_run=false\n"));
}

TEST(Log, AlignsLevels) {
  Written written({.level = "debug"});
  written.log().debug("a");
  written.log().info("b");
  written.log().warn("c");
  written.log().error("d");
  EXPECT_THAT(written.text(), MatchesRegex(".*\\.[0-9]{3} DEBUG a\n.*\\.[0-9]{3} INFO  b\n"
                                           ".*\\.[0-9]{3} WARN  c\n.*\\.[0-9]{3} ERROR d\n"));
}

TEST(Log, QuotesValuesThatWouldBeMisread) {
  Written written({});
  written.log().info("m", {{"blank", "a b"}, {"empty", ""}, {"sign", "a=b"}, {"quote", "\"\n"}, {"part", 1.5}});
  EXPECT_EQ(written.line(), R"(INFO  m blank="a b" empty="" sign="a=b" quote="\"\n" part=1.5)"
                            "\n");
}

TEST(Log, KeepsAMessageOnOneLine) {
  Written written({});
  written.log().error("first\n2026-11-25 10:00:00.123 INFO  forged\t\x1b[2J\x7f 任务");
  EXPECT_EQ(written.line(), "ERROR first\\n2026-11-25 10:00:00.123 INFO  forged\\t\\x1b[2J\\x7f 任务\n");
}

TEST(Log, WritesOneJsonObjectALine) {
  Written written({.json = true});
  written.log().warn("a \"b\"\n", {{"task_instance_id", std::int64_t{1} << 53}, {"text", "\\\"\n"}, {"yes", true}});
  EXPECT_THAT(written.text(), MatchesRegex("\\{\"time\":\"[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}[+-][0-9]{2}:[0-9]{2}\","
                                           "\"level\":\"WARN\",\"message\":.*\\}\n"));
  const Json json = written.json();
  EXPECT_EQ(json["message"], "a \"b\"\n");
  EXPECT_EQ(json["task_instance_id"], std::int64_t{1} << 53);
  EXPECT_EQ(json["text"], "\\\"\n");
  EXPECT_EQ(json["yes"], true);
}

TEST(Log, WritesValidJsonWhateverBytesComeIn) {
  Written written({.json = true});
  written.log().info("\xff\xfe", {{"value", "\x80"}, {"number", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_EQ(written.json()["message"], "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(written.json()["number"].is_null());
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  Written written({.level = "warn"});
  written.log().debug("no");
  written.log().info("no");
  written.log().warn("yes");
  EXPECT_EQ(written.line(), "WARN  yes\n");
}

TEST(Log, RefusesALevelThatIsNone) {
  const auto log = Log::open({.level = "warm"});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(log.error().message(), "log level 'warm' is none of debug, info, warn, error (did you mean 'warn'?)");
}

TEST(Log, HidesSecretsInMessagesAndValues) {
  for (const bool json : {false, true}) {
    Written written({.json = json, .secrets = {"s3cr\"et", "", "hunter2"}});
    written.log().error("login with hunter2 failed", {{"password", "s3cr\"et"}, {"url", "zk://u:hunter2@host"}});
    EXPECT_THAT(written.text(), AllOf(HasSubstr("login with **** failed"), HasSubstr("zk://u:****@host"),
                                      Not(HasSubstr("hunter2")), Not(HasSubstr("s3cr"))));
  }
}

TEST(Log, HidesASecretWhereverACutWouldSplitIt) {
  const std::string secret = "hunter2hunter2";
  for (const bool json : {false, true})
    for (std::size_t part = 0; part <= secret.size(); ++part) {
      Written written({.json = json, .secrets = {secret}});
      written.log().info(std::string(8192 - part, 'x') + secret, {{"field", std::string(2048 - part, 'y') + secret}});
      EXPECT_THAT(written.text(), AllOf(Not(HasSubstr("hu")), Not(HasSubstr("nt")))) << part;
    }
}

// Both formats write such characters another way, and that must not come first.
TEST(Log, HidesASecretOfCharactersThatAreEscaped) {
  const std::string secret = "a\"b\\c\td\ne\x01f";
  for (const bool json : {false, true}) {
    Written written({.json = json, .secrets = {secret}});
    written.log().warn("<" + secret + ">", {{"field", secret}});
    EXPECT_THAT(written.text(),
                AllOf(HasSubstr("<****>"), HasSubstr("****"), Not(HasSubstr("e\\")), Not(HasSubstr("b\\"))));
  }
}

TEST(Log, CutsWhatIsTooLong) {
  Written written({});
  written.log().info(std::string(100000, 'x'), {{"field", std::string(100000, 'y')}});
  EXPECT_EQ(written.line(), "INFO  " + std::string(8192, 'x') + "… field=\"" + std::string(2048, 'y') + "…\"\n");
}

TEST(Log, WritesWholeLinesFromManyThreads) {
  Written written({});
  const auto write = [&](const std::string& word) {
    for (int i = 0; i < 200; ++i) written.log().info(word, {{"number", i}});
  };
  std::thread first(write, "first");
  std::thread second(write, "second");
  first.join();
  second.join();
  std::istringstream lines(written.text());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_THAT(line, MatchesRegex("[0-9-]{10} [0-9:.]{12} INFO  (first|second) number=[0-9]+"));
  EXPECT_EQ(count, 400);
}

// What a log writes to a terminal.
std::string on_a_terminal(LogSettings settings) {
  ::setenv("TERM", "xterm", 1);
  int controller = -1;
  int terminal = -1;
  if (::openpty(&controller, &terminal, nullptr, nullptr, nullptr) != 0) return "";
  const UniqueFd reader(controller);
  std::FILE* const file = ::fdopen(terminal, "w");
  settings.target = file;
  auto log = Log::open(settings);
  log->warn("careful");
  char buffer[1024];
  const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
  std::fclose(file);
  return {buffer, static_cast<std::size_t>(count)};
}

TEST(Log, HasColoursOnlyOnATerminal) {
  const std::string text = on_a_terminal({});
  if (text.empty()) GTEST_SKIP() << "SKIPPED: no pseudo terminal here";
  EXPECT_THAT(text, HasSubstr("\x1b[33m"));
  EXPECT_THAT(on_a_terminal({.no_color = true}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(on_a_terminal({.json = true}), AllOf(StartsWith("{"), Not(HasSubstr("\x1b"))));
  Written file({});
  file.log().warn("careful");
  EXPECT_THAT(file.text(), Not(HasSubstr("\x1b")));
}

TEST(Redactor, CoversSecretsThatOverlap) {
  const Redactor redactor({"abcd", "cdef", "xx"});
  EXPECT_EQ(redactor.apply("1abcdef2"), "1****2");
  EXPECT_EQ(redactor.apply("abcd-cdef"), "****-****");
  EXPECT_EQ(redactor.apply("xxx"), "****");
  EXPECT_EQ(redactor.apply("ab cd"), "ab cd");
  EXPECT_EQ(redactor.apply(""), "");
}

TEST(RateLimitedLog, SaysAFewWarningsASecondAndThenHowManyMoreThereWere) {
  Written written({});
  RateLimitedLog calm(written.log());
  const RateLimitedLog::Clock::time_point begin{};
  for (int i = 0; i < 1000; ++i) calm.warn("storm", {}, begin + std::chrono::hours(1));
  calm.warn("after it", {}, begin + std::chrono::hours(2));
  const std::string text = written.text();
  EXPECT_THAT(text, HasSubstr("more warnings about peers were not written count=990"));
  EXPECT_THAT(text, HasSubstr("after it"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 12);
}

}  // namespace
}  // namespace porpoise
