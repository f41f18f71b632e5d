#include "logs/log_service.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "log_files.h"

namespace porpoise {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class LogServiceAnswers : public LogFiles, public LogEvents {
 protected:
  // The body of the answer, made in turns.
  Json ask(const LogRequest& request) {
    const auto answer = service_.begin(request, 7);
    wire::FrameDecoder decoder({.max_body_bytes = 64U << 20U});
    for (LogPiece piece{{}, false}; !piece.last;) {
      auto next = service_.next(*answer, false);
      if (!next) return Json();
      piece = *std::move(next);
      EXPECT_LE(piece.bytes.size(), bytes_of_turn(request));
      decoder.feed(piece.bytes);
    }
    const auto frame = decoder.next();
    EXPECT_TRUE(frame && *frame) << "a whole frame";
    EXPECT_FALSE(decoder.mid_frame());
    if (!frame || !*frame) return Json();
    EXPECT_EQ((*frame)->opaque, 7);
    return Json::parse((*frame)->body);
  }
  std::string page(const std::string& path, std::int64_t skip, std::int64_t limit = 1000) {
    return ask(wire::ViewLogPage{path, skip, limit})["msg"];
  }
  std::string whole(const std::string& path) { return ask(wire::ViewWholeLog{path})["msg"]; }
  std::string bytes(const std::string& path) { return unbase64(ask(wire::GetLogBytes{path})["data"]); }
  bool remove(const std::string& path) { return ask(wire::RemoveLog{path})["status"]; }
  std::vector<std::string> app_ids(const std::string& path) { return ask(wire::GetAppIds{path})["appIds"]; }

  static std::string unbase64(const std::string& text) {
    std::array<std::uint8_t, 128> values{};
    std::uint8_t value = 0;
    for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
      values[static_cast<std::size_t>(c)] = value++;
    std::string raw;
    raw.reserve(text.size());
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
      if (c == '=') break;
      bits = bits << 6U | values[static_cast<std::size_t>(c) % 128];
      count += 6;
      if (count < 8) continue;
      count -= 8;
      raw += static_cast<char>(bits >> count & 0xFFU);
    }
    return raw;
  }

  void on_log_problem(const Error& problem) override { problems_.push_back(problem.to_string()); }

  std::vector<std::string> problems_;
  const std::unique_ptr<wire::Profile> profile_ = wire::profile_31(utc());
  LogService service_{LogRoot::open(root()).value(), *profile_, *this};
};

TEST_F(LogServiceAnswers, WithTheLog) {
  write(log(), "one\n\ntwo application_1_2 application_3_4\r\nthree\xff");
  EXPECT_EQ(page(log(), 0), "one\r\n \r\ntwo application_1_2 application_3_4\r\nthree\uFFFD\r\n");
  EXPECT_EQ(page(log(), 1, 1), " \r\n");
  EXPECT_EQ(page(log(), 4), "");
  EXPECT_EQ(whole(log()), "one\r\n\r\ntwo application_1_2 application_3_4\r\nthree\uFFFD\r\n");
  EXPECT_EQ(bytes(log()), "one\n\ntwo application_1_2 application_3_4\r\nthree\xff");
  EXPECT_THAT(app_ids(log()), ElementsAre("application_1_2"));
  EXPECT_TRUE(remove(log()));
  EXPECT_FALSE(std::filesystem::exists(log()));
  EXPECT_TRUE(remove(log()));
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(LogServiceAnswers, OneLineWhenThereIsNoLogAndThenNothing) {
  const std::string first = page(log(), 0);
  EXPECT_THAT(first, StartsWith("[porpoise] This worker has no log of this task"));
  EXPECT_EQ(java_split(first).size(), 1U);
  EXPECT_THAT(first, EndsWith("\r\n"));
  EXPECT_EQ(page(log(), 1), "");
  EXPECT_EQ(page(log(), 0, 0), "");
  EXPECT_EQ(page(log(), -5), first);
  EXPECT_EQ(whole(log()), first);
  EXPECT_EQ(bytes(log()), "");
  EXPECT_THAT(app_ids(log()), IsEmpty());
}

TEST_F(LogServiceAnswers, EvenToWhatIsRefused) {
  write(folder_ / "secret.log", "secret application_1_2\n");
  std::filesystem::create_symlink(folder_ / "secret.log", log());
  const std::vector<std::string> paths = {"",
                                          "/etc/passwd",
                                          "/proc/self/environ",
                                          root().string() + "/../secret.log",
                                          (folder_ / "secret.log").string(),
                                          log().string()};
  for (const std::string& path : paths) {
    EXPECT_THAT(page(path, 0), StartsWith("[porpoise] Refused")) << path;
    EXPECT_EQ(page(path, 1), "") << path;
    EXPECT_THAT(whole(path), StartsWith("[porpoise] Refused")) << path;
    EXPECT_EQ(bytes(path), "") << path;
    EXPECT_FALSE(remove(path)) << path;
    EXPECT_THAT(app_ids(path), IsEmpty()) << path;
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "secret.log"));
  EXPECT_EQ(problems_.size(), paths.size() * 6);
  EXPECT_THAT(problems_.back(), HasSubstr("7_1-2-3.log"));
  for (const std::string& problem : problems_) EXPECT_THAT(problem, testing::Not(HasSubstr("secret application")));
}

TEST_F(LogServiceAnswers, OnAFifoWithoutWaiting) {
  ASSERT_EQ(::mkfifo(log().c_str(), 0600), 0);
  EXPECT_THAT(page(log(), 0), StartsWith("[porpoise] Refused"));
  EXPECT_EQ(bytes(log()), "");
}

TEST_F(LogServiceAnswers, WithoutEndlessPages) {
  const auto ask_page = [this](std::int64_t skip, std::int64_t limit) { return page(log(), skip, limit); };
  const Viewed missing = view(ask_page);
  EXPECT_TRUE(missing.ended);
  EXPECT_EQ(missing.pages, 1);
  write(log(), "");
  const Viewed empty = view(ask_page);
  EXPECT_TRUE(empty.ended);
  EXPECT_EQ(empty.text, "");
  write(log(), "\n\n\n");
  EXPECT_TRUE(view(ask_page).ended);
}

TEST_F(LogServiceAnswers, WithTheEndOfALogThatIsTooLarge) {
  std::string line(99, 'x');
  line += '\n';
  std::string content;
  while (content.size() < (33U << 20U)) content += line;
  write(log(), content + "the end\n");
  const std::string got = bytes(log());
  EXPECT_LE(got.size(), (32U << 20U) + 200);
  EXPECT_GT(got.size(), (32U << 20U) - 200);
  const std::size_t note = got.find('\n') + 1;
  const std::string left_out = std::to_string(content.size() + 8 - (got.size() - note));
  EXPECT_EQ(got.substr(0, note),
            "[porpoise] This log is too large to be sent as a whole: its first " + left_out + " bytes are left out.\n");
  EXPECT_TRUE(got.substr(note) == content.substr(content.size() + 8 - (got.size() - note)) + "the end\n");
  EXPECT_EQ(got.substr(note, line.size()), line);

  const std::string text = whole(log());
  EXPECT_THAT(text.substr(0, 200), StartsWith("[porpoise] This log is too large"));
  EXPECT_TRUE(text.ends_with("x\r\nthe end\r\n"));
  EXPECT_GT(text.size(), 10U << 20U);
  EXPECT_LE(text.size(), 32U << 20U);
}

TEST_F(LogServiceAnswers, WithinItsBoundsForALogOfTenGigabytes) {
  write(log(), "application_1_2\n");
  if (::truncate(log().c_str(), 10LL << 30) != 0) GTEST_SKIP() << "SKIPPED: no sparse files here";
  append(log(), "\nlast");
  EXPECT_THAT(app_ids(log()), ElementsAre("application_1_2"));
  EXPECT_TRUE(bytes(log()).ends_with("\nlast"));
  EXPECT_TRUE(whole(log()).ends_with("\r\nlast\r\n"));
  EXPECT_TRUE(remove(log()));
}

// One answer of 40 MiB took 190 MiB of memory while it was made.
TEST_F(LogServiceAnswers, InPiecesThatAreTheSameAsTheWhole) {
  std::string content;
  for (int i = 0; i < 30'000; ++i)
    content += "line " + std::to_string(i) + (i % 3 == 0 ? "\r\n" : i % 3 == 1 ? "\r" : "\n\n") + "日本\xff\"\\\x1b[0m";
  write(log(), content);
  EXPECT_TRUE(bytes(log()) == content);
  std::string expected;
  append_valid_utf8(expected, CrLfText().feed(content, true), std::string::npos);
  EXPECT_TRUE(whole(log()) == expected);
  write(log(), std::string(300'000, 'x'));
  EXPECT_TRUE(whole(log()) == std::string(300'000, 'x') + "\r\n") << "a line without an end";
}

TEST_F(LogServiceAnswers, WithAnErrorWhenTheLogShrinksMeanwhile) {
  write(log(), std::string(1'000'000, 'x'));
  const auto answer = service_.begin(wire::GetLogBytes{log()}, 1);
  ASSERT_TRUE(service_.next(*answer, false));
  write(log(), "y");
  EXPECT_FALSE(service_.next(*answer, false));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("became shorter")));
}

// A search through 1 GiB delayed everybody else's page.
TEST_F(LogServiceAnswers, InTurnsThatReadFewMegabytes) {
  write(log(), "");
  if (::truncate(log().c_str(), 3LL << 30) != 0) GTEST_SKIP() << "SKIPPED: no sparse files here";
  for (const LogRequest& request : {LogRequest(wire::GetAppIds{log()}), LogRequest(wire::ViewLogPage{log(), 5, 10})}) {
    const auto answer = service_.begin(request, 1);
    int turns = 1;
    for (auto piece = service_.next(*answer, false); piece && !piece->last; piece = service_.next(*answer, false)) {
      EXPECT_TRUE(piece->bytes.empty());
      ++turns;
    }
    EXPECT_GE(turns, 1 << 8) << "of 1 GiB";
    EXPECT_LE(turns, 1 << 9);
    const auto hurried = service_.begin(request, 1);
    EXPECT_TRUE(service_.next(*hurried, true)->last);
  }
}

TEST(LogPath, NamesItsTask) {
  EXPECT_EQ(task_instance_of("/logs/20230420/7_1-2-34.log"), 34);
  EXPECT_EQ(task_instance_of("7_1-2-34.log"), 34);
  EXPECT_EQ(task_instance_of("/logs/20230420/7_1-2-x.log"), std::nullopt);
  EXPECT_EQ(task_instance_of("/logs/20230420/7_1-2-99999999999999999999.log"), std::nullopt);
  EXPECT_EQ(task_instance_of(""), std::nullopt);
}

TEST_F(LogServiceAnswers, ThatALogCannotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "SKIPPED: root reads everything";
  write(log(), "content");
  ASSERT_EQ(::chmod(log().c_str(), 0), 0);
  EXPECT_THAT(page(log(), 0), StartsWith("[porpoise] This log cannot be read now"));
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("Permission denied")));
}

}  // namespace
}  // namespace porpoise
