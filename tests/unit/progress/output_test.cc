#include "progress/output.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("äö→"), 3U);
  EXPECT_EQ(display_width("特征"), 4U) << "CJK takes two columns each";
  EXPECT_EQ(display_width("e\u0301"), 1U) << "a combining accent takes none";
  EXPECT_EQ(display_width("\x1B[31mred\x1B[0m"), 3U);
}

TEST(Elide, CutsToTheWidthAndMarksTheCut) {
  EXPECT_EQ(elide("short", 5), "short");
  EXPECT_EQ(elide("abcdef", 4), "abc…");
  EXPECT_EQ(elide("特征抽取", 5), "特征…");
  EXPECT_EQ(elide("特征抽取", 4), "特…") << "half a character is not shown";
  EXPECT_EQ(elide("abc", 1), "…");
  EXPECT_EQ(elide("abc", 0), "");
}

TEST(Elide, KeepsTheSequenceThatEndsAColor) { EXPECT_EQ(elide("\x1B[31mabcdef\x1B[0m", 4), "\x1B[31mabc…\x1B[0m"); }

TEST(Printable, LetsColorsThroughAndNothingThatMovesTheCursor) {
  EXPECT_EQ(printable("\x1B[2J\x1B[1;1H\x1B[32mok\x1B[0m\rx\a\b", true),
            "\\x1b[2J\\x1b[1;1H\x1B[32mok\x1B[0m\\x0dx\\x07\\x08\x1B[0m");
  EXPECT_EQ(printable("\x1B[2J\x1B[32mok\x1B[0m", false), "\\x1b[2Jok");
  EXPECT_EQ(printable("a\tb\nc", false), "a  b c");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J",
                      false),
            "\\u009b2J")
      << "the eight-bit form of the same sequence";
  EXPECT_EQ(printable("invoice\u202Efdp.exe", false), "invoice\\u202efdp.exe");
}

TEST(Printable, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\xFF"
                      "b",
                      false),
            "a\uFFFD"
            "b");
  EXPECT_EQ(printable("\xE7\x89", false), "\uFFFD\uFFFD") << "a character that is cut off";
  EXPECT_EQ(printable("\x1B[", true), "\\x1b[") << "a sequence that is cut off";
  EXPECT_EQ(printable("\x1B", true), "\\x1b");
}

}  // namespace
}  // namespace porpoise
