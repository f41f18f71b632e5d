#include <gtest/gtest.h>

#include "logs/log_answer.h"
#include "logs/log_pager.h"

namespace porpoise {
namespace {

std::string valid(std::string_view bytes, std::size_t max_bytes = std::string::npos) {
  std::string text;
  append_valid_utf8(text, bytes, max_bytes);
  return text;
}

TEST(Utf8Text, KeepsWhatIsValid) {
  using namespace std::string_literals;
  for (const std::string& text : {""s, "plain"s, "a\0b\x7f"s, "\u00e9\u0800\uffff\U00010000\U0010ffff"s, "日本語 🐬"s})
    EXPECT_EQ(valid(text), text);
}

// The examples of Unicode, chapter 3.9.
TEST(Utf8Text, ReplacesEachBadSequenceOnce) {
  const std::string bad = "\uFFFD";
  EXPECT_EQ(valid("a\xFFz"), "a" + bad + "z");
  EXPECT_EQ(valid("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a" + bad + bad + bad + "b" + bad + "c" + bad + bad + "d");
  EXPECT_EQ(valid("\xC0\xAF\xE0\x80\xBF"), bad + bad + bad + bad + bad) << "long forms";
  EXPECT_EQ(valid("\xED\xA0\x80"), bad + bad + bad) << "a surrogate";
  EXPECT_EQ(valid("\xF4\x91\x92\x93\xFF\x41"), bad + bad + bad + bad + bad + "A") << "beyond U+10FFFF";
  EXPECT_EQ(valid("x\xE6\x97"), "x" + bad) << "cut off";
}

TEST(Utf8Text, StopsSoonAfterItsLimit) {
  EXPECT_EQ(valid("abcdef", 3), "abc");
  EXPECT_EQ(valid("日本語", 3), "日");
  EXPECT_EQ(valid("日本語", 4), "日本");
  EXPECT_EQ(valid(std::string(100, '\xFF'), 5).size(), 6U);
}

std::vector<std::string> ids(std::string_view text, std::size_t piece = 100000) {
  AppIdScan scan;
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) scan.feed(text.substr(0, piece));
  scan.finish();
  return scan.ids();
}
using Ids = std::vector<std::string>;

TEST(AppIds, AreTheFirstOfEachLineOnce) {
  EXPECT_EQ(ids("x application_1_2 application_3_4\napplication_5_6\r\nsee application_1_2.\rapplication_7_8"),
            (Ids{"application_1_2", "application_5_6", "application_7_8"}));
}

TEST(AppIds, MustBeWhole) {
  EXPECT_EQ(ids("application_\napplication_1\napplication_1_\napplication__1\nAPPLICATION_1_2\napplication_1\n_2"),
            Ids());
  EXPECT_EQ(ids("application_1_x application_2_3x"), Ids{"application_2_3"});
  EXPECT_EQ(ids("applicapplication_1_2_3"), Ids{"application_1_2"});
  EXPECT_EQ(ids("application_application_1_2"), Ids{"application_1_2"});
  EXPECT_EQ(ids(""), Ids());
}

TEST(AppIds, DoNotDependOnWhereTheLogIsCut) {
  const std::string text =
      "application_1681972385000_0042 application_9_9\nxapplication_1_application_2_3\r\napplicationapplication_4_5\n"
      "application_" +
      std::string(300, '1') + "_2 application_6_7\n" + std::string(500, 'a') + "application_8_80";
  const Ids whole = ids(text);
  EXPECT_EQ(whole, (Ids{"application_1681972385000_0042", "application_2_3", "application_4_5", "application_6_7",
                        "application_8_80"}));
  for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(ids(text, piece), whole) << piece;
}

TEST(AppIds, AreNoMoreThan1024) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "application_1_" + std::to_string(i) + "\n";
  const Ids found = ids(text, 4096);
  ASSERT_EQ(found.size(), 1024U);
  EXPECT_EQ(found.back(), "application_1_1023");
}

}  // namespace
}  // namespace porpoise
