#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <regex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/file.h"
#include "taskdir/task_log.h"

namespace porpoise {
namespace {

using testing::ElementsAre;

struct Seen {
  std::vector<std::string> texts;
  std::vector<bool> continues, goes_on;
};

// `text` fed in pieces of `step` bytes.
Seen split(const std::string& text, std::size_t step) {
  Seen seen;
  const LineSplitter::Sink sink = [&](const LineSplitter::Line& line) {
    seen.texts.emplace_back(line.text);
    seen.continues.push_back(line.continues);
    seen.goes_on.push_back(line.goes_on);
  };
  LineSplitter splitter;
  for (std::size_t at = 0; at < text.size(); at += step) splitter.feed(std::string_view(text).substr(at, step), sink);
  splitter.finish(sink);
  return seen;
}

TEST(LineSplitter, EndsLinesLikeJavaWhereverTheBytesAreCut) {
  for (const std::size_t step : {1U, 2U, 3U, 100U})
    EXPECT_THAT(split("a\nb\r\nc\rd\r\r\n\ne", step).texts, ElementsAre("a", "b", "c", "d", "", "", "e")) << step;
}

TEST(LineSplitter, GivesNothingForNothing) {
  EXPECT_THAT(split("", 1).texts, ElementsAre());
  EXPECT_THAT(split("a\n", 1).texts, ElementsAre("a"));
}

TEST(LineSplitter, HandsOverTooLongLinesInPartsThatKnowEachOther) {
  const std::string text(2 * kMaxLineBytes + 5, 'x');
  for (const std::size_t step : {1000U, 64U << 10U, 1U << 20U}) {
    const Seen seen = split(text + "\nnext", step);
    ASSERT_EQ(seen.texts.size(), 4U) << step;
    EXPECT_EQ(seen.texts[0] + seen.texts[1] + seen.texts[2], text);
    EXPECT_THAT(seen.goes_on, ElementsAre(true, true, false, false));
    EXPECT_THAT(seen.continues, ElementsAre(false, true, true, false));
  }
}

TEST(LineSplitter, NeverCutsWithinACodePoint) {
  std::string text = "x";
  while (text.size() < 2 * kMaxLineBytes) text += "€";
  for (const std::string& part : split(text, 1000).texts) EXPECT_EQ((part.size() - (part[0] == 'x' ? 1 : 0)) % 3, 0U);
}

TEST(LineSplitter, KeepsALongParameterWhole) {
  const std::string line = "${setValue(name=" + std::string(100000, 'v') + ")}";
  EXPECT_THAT(split(line + "\n", 4096).texts, ElementsAre(line));
  EXPECT_THAT(split(line + "\n", 1U << 20U).texts, ElementsAre(line));
}

TEST(LineSplitter, HandsOverAParameterBeyondTheLimitLikeAnyLongLine) {
  const std::string whole = "${setValue(n=" + std::string(kMaxSetValueBytes - 15, 'v') + ")}";
  EXPECT_THAT(split(whole + "\n", 1U << 20U).texts, ElementsAre(testing::SizeIs(kMaxSetValueBytes)));
  const Seen seen =
      split("x" + whole + "\n" + "$" + whole + "\n${setValue(n=" + std::string(kMaxSetValueBytes, 'v'), 1U << 20U);
  for (const std::string& text : seen.texts) EXPECT_LE(text.size(), kMaxLineBytes);
}

}  // namespace

namespace {

std::string masked(std::string text) {
  mask_passwords(text);
  return text;
}

TEST(Mask, HidesValuesUpToTheQuoteAndKeepsTheirLength) {
  EXPECT_EQ(masked(R"({"password":"abc","x":"abc"})"), R"({"password":"***","x":"abc"})");
  EXPECT_EQ(masked("PassWord='abc' abc"), "PassWord='***' abc");
  EXPECT_EQ(masked(R"(a password":"1" and password":"22")"), R"(a password":"*" and password":"**")");
}

TEST(Mask, HidesWhatJsonWritersMakeOfIt) {
  EXPECT_EQ(masked(R"({"password" : "abc"})"), R"({"password" : "***"})");
  EXPECT_EQ(masked(R"("{\"password\":\"abc\",\"x\":\"y\"}")"), R"("{\"password\":\"***\",\"x\":\"y\"}")");
  EXPECT_EQ(masked(R"({"password":"a\"b","x":1})"), R"({"password":"****","x":1})");
}

TEST(Mask, HidesAValueThatNeverEnds) { EXPECT_EQ(masked(R"(password":"abc)"), R"(password":"***)"); }

// In pieces of the given lengths; the last one takes the rest.
std::string masked_in_pieces(const std::string& line, const std::vector<std::size_t>& lengths) {
  PasswordMask mask;
  std::string done;
  std::string_view rest = line;
  for (const std::size_t length : lengths) {
    std::string piece(rest.substr(0, length));
    rest.remove_prefix(piece.size());
    mask.mask(piece, true);
    done += piece;
  }
  std::string last(rest);
  mask.mask(last, false);
  return done + last;
}

// The end of a password used to be readable behind the place where a long line was cut.
TEST(Mask, HidesTheSameWhereverALineIsCut) {
  for (const std::string line : {R"({"password":"abc","x":"abc"})", "xPassWord='a\\'bc' abc",
                                 R"({"password" : "a\"b\\","user":"me"})", R"(passwpassword":"1" and password":"22")",
                                 R"(password":"abc)", R"({"password":null,"x":"y"} password: passworx":"z")"}) {
    const std::string whole = masked(line);
    for (std::size_t first = 0; first <= line.size(); ++first) {
      EXPECT_EQ(masked_in_pieces(line, {first}), whole) << "cut after " << first;
      for (std::size_t second = 0; second <= line.size() - first; ++second)
        EXPECT_EQ(masked_in_pieces(line, {first, second}), whole) << "cut after " << first << " and " << second;
    }
    EXPECT_EQ(masked_in_pieces(line, std::vector<std::size_t>(line.size(), 1)), whole);
  }
}

// Whether a backslash is the password's is known one byte later: it is hidden, too, when the line is cut there.
TEST(Mask, HidesAPasswordInJsonThatIsATextWhereverItIsCut) {
  const std::string line = R"("{\"password\":\"abc\",\"x\":\"y\"}")";
  for (std::size_t first = 0; first <= line.size(); ++first) {
    const std::string whole = first == line.find("abc") + 4 ? R"("{\"password\":\"****",\"x\":\"y\"}")" : masked(line);
    EXPECT_EQ(masked_in_pieces(line, {first}), whole) << "cut after " << first;
  }
}

TEST(Mask, AWordThatGoesOnForeverKeepsNoMemory) {
  EXPECT_EQ(masked_in_pieces("password" + std::string(1000, ' ') + ":'x'", {600}),
            "password" + std::string(1000, ' ') + ":'x'");
}

TEST(Mask, LeavesEverythingElse) {
  for (const char* text : {"", "password", "password:", "'password' is missing", "a 'b' \"c\"", "password=abc 'x'",
                           R"({"password":null,"x":"y"})", R"(password":")"})
    EXPECT_EQ(masked(text), text);
}

}  // namespace

namespace {

using testing::HasSubstr;

class TaskLogFile : public testing::Test {
 protected:
  TaskLogFile() {
    char name[] = "/tmp/porpoise-test-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~TaskLogFile() override { std::filesystem::remove_all(folder_); }

  TaskLog open() {
    auto log = TaskLog::open(path());
    EXPECT_TRUE(log) << log.error().to_string();
    return *std::move(log);
  }
  std::filesystem::path path() const { return folder_ / "logs/20230420/7_1-2-3.log"; }
  // With every time stamp written as T.
  std::string text() const {
    static const std::regex stamp(R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d{4})");
    return std::regex_replace(read_file(path(), 10U << 20U).value_or("no file"), stamp, "T");
  }

  std::filesystem::path folder_;
};

// Somebody who removes empty folders meets a folder once between its making and the log's; often, in so many attempts.
TEST_F(TaskLogFile, IsOpenedThoughSomebodyRemovesItsEmptyFolder) {
  const std::filesystem::path day = path().parent_path();
  for (int attempt = 0; attempt < 500; ++attempt) {
    std::atomic<bool> opened = false;
    std::thread remover([&] {
      while (!opened && ::rmdir(day.c_str()) != 0) continue;
    });
    const auto log = TaskLog::open(path());
    opened = true;
    remover.join();
    ASSERT_TRUE(log) << log.error().to_string();
    std::filesystem::remove_all(day);
  }
}

TEST_F(TaskLogFile, HasThePatternOf31) {
  TaskLog log = open();
  log.write(LogLevel::kInfo, "hello");
  log.write(LogLevel::kDebug, "");
  log.flush();
  EXPECT_EQ(text(), "[INFO] T - hello\n[DEBUG] T - \n");
}

TEST_F(TaskLogFile, SetsFurtherLinesOffByATab) {
  TaskLog log = open();
  log.write(LogLevel::kWarn, "one\n\nthree\r\nfour\n");
  log.flush();
  EXPECT_EQ(text(), "[WARN] T - one\n\t\n\tthree\n\tfour\n");
}

TEST_F(TaskLogFile, PutsOutputOfAMomentIntoOneBatch) {
  TaskLog log = open();
  log.output("first");
  log.output("");
  log.flush();
  log.output("third");
  log.write(LogLevel::kError, "words");
  log.output("new batch");
  log.flush();
  EXPECT_EQ(text(), "[INFO] T -  -> first\n\t\n\tthird\n[ERROR] T - words\n[INFO] T -  -> new batch\n");
}

TEST_F(TaskLogFile, AppendsToWhatIsThere) {
  open().flush();
  TaskLog first = open();
  first.write(LogLevel::kInfo, "attempt 1");
  first.flush();
  TaskLog second = open();
  second.write(LogLevel::kInfo, "attempt 2");
  second.flush();
  EXPECT_EQ(text(), "[INFO] T - attempt 1\n[INFO] T - attempt 2\n");
}

TEST_F(TaskLogFile, SaysWhenItMustBeFlushed) {
  TaskLog log = open();
  EXPECT_FALSE(log.due());
  log.output("can wait");
  ASSERT_TRUE(log.due());
  const auto first = *log.due();
  EXPECT_LE(first, TaskLog::Clock::now() + std::chrono::milliseconds(200));
  log.write(LogLevel::kInfo, "and does not make that later");
  EXPECT_EQ(*log.due(), first);
  log.flush();
  EXPECT_FALSE(log.due());
}

TEST_F(TaskLogFile, WritesLongOutputBeforeItIsAskedTo) {
  TaskLog log = open();
  for (int i = 0; i < 3000; ++i) log.output(std::string(99, 'x'));
  EXPECT_GT(text().size(), 200000U);
}

TEST_F(TaskLogFile, NeverFollowsALinkToAnotherFile) {
  std::filesystem::create_directories(path().parent_path());
  std::filesystem::create_symlink(folder_ / "elsewhere", path());
  EXPECT_FALSE(TaskLog::open(path()));
}

TEST_F(TaskLogFile, KeepsNoOutputBeyondItsLimitAndSaysSoOnce) {
  auto log = TaskLog::open(path(), 4096);
  ASSERT_TRUE(log);
  for (int i = 0; i < 1000; ++i) log->output("line " + std::to_string(i) + std::string(100, 'x'));
  log->output("short");
  log->write(LogLevel::kInfo, "FINALIZE_SESSION");
  log->flush();
  const std::string first = text();
  EXPECT_LT(first.size(), 5000U);
  EXPECT_EQ(first.find("this log has reached its limit"), first.rfind("this log has reached its limit"));
  EXPECT_THAT(first, testing::HasSubstr("log-max-size 4096 bytes"));
  EXPECT_THAT(first, testing::EndsWith("FINALIZE_SESSION\n"));
  EXPECT_THAT(first, testing::Not(testing::HasSubstr("short")));

  auto again = TaskLog::open(path(), 4096);  // of another attempt
  again->output("second attempt");
  again->flush();
  EXPECT_THAT(text(), testing::Not(testing::HasSubstr("second attempt")));
}

TEST_F(TaskLogFile, ShowsWhatAServerWouldDoToATerminal) {
  auto log = TaskLog::open(path());
  log->write(LogLevel::kError, "server says \x1b]0;owned\x07");
  log->output("\x1b[32mgreen\x1b[0m");  // the task's own
  log->flush();
  EXPECT_THAT(text(), testing::HasSubstr("server says \\x1b]0;owned\\x07\n"));
  EXPECT_THAT(text(), testing::HasSubstr("\x1b[32mgreen\x1b[0m"));
}

TEST_F(TaskLogFile, GoesOnWhenTheDiskIsFull) {
  // A log that is a pipe which nobody empties stands for the disk.
  std::filesystem::create_directories(path().parent_path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const UniqueFd reader(::open(path().c_str(), O_RDONLY | O_NONBLOCK));
  TaskLog log = open();
  for (int i = 0; i < 3000; ++i) log.output(std::string(99, 'x'));
  std::string taken(1U << 20U, '\0');
  ASSERT_GT(::read(reader.get(), taken.data(), taken.size()), 0);
  log.write(LogLevel::kInfo, "room again");
  log.flush();
  taken.resize(static_cast<std::size_t>(::read(reader.get(), taken.data(), taken.size())));
  EXPECT_THAT(taken, HasSubstr("bytes of this log are missing"));
  EXPECT_THAT(taken, HasSubstr("room again"));
}

}  // namespace

}  // namespace porpoise
