#include <gtest/gtest.h>

#include "base/text.h"

namespace porpoise {
namespace {

TEST(Base64, WritesTheVectorsOfItsStandard) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, UsesTheStandardAlphabet) {
  EXPECT_EQ(base64("\xFB\xEF\xBE\xFF\xFF\xFF"), "++++////");
  EXPECT_EQ(base64(std::string_view("\0\0\0\0", 4)), "AAAAAA==");
  EXPECT_EQ(base64("\xFF"), "/w==");
}

TEST(Base64, BreaksNoLines) {
  const std::string text = base64(std::string(1000, 'x'));
  EXPECT_EQ(text.size(), 1336U);
  EXPECT_EQ(text.find_first_of("\r\n"), std::string::npos);
}

}  // namespace

namespace {

TEST(Nearest, FindsTheWordWithTheFewestEditsWhateverItsCase) {
  EXPECT_EQ(nearest("sehll", {"PYTHON", "SHELL", "SWITCH"}), "SHELL");
  EXPECT_EQ(did_you_mean("replya", {"replay", "eval"}), " (did you mean 'replay'?)");
}

TEST(Nearest, StaysSilentWhenNothingIsClose) {
  EXPECT_EQ(nearest("FLINK", {"PYTHON", "SHELL"}), "");
  EXPECT_EQ(did_you_mean("x", {}), "");
  EXPECT_EQ(nearest(std::string(1000, 'a'), {std::string(1000, 'a')}), "") << "long words are not compared";
}

TEST(EscapeControls, ShowsWhatWouldActOnATerminalOrTurnTheText) {
  EXPECT_EQ(escape_controls("\x1b]0;title\x07 a\nb\tc\x7f"), "\\x1b]0;title\\x07 a\\nb\\tc\\x7f");
  EXPECT_EQ(escape_controls("a\nb\tc", "\n\t"), "a\nb\tc");
  EXPECT_EQ(escape_controls("\xC2\x9B"
                            "2J"),
            "\\u009b2J");
  EXPECT_EQ(escape_controls("\u202Egpj.exe \u2066x\u2069 \u200F \u061C \u2028"),
            "\\u202egpj.exe \\u2066x\\u2069 \\u200f \\u061c \\u2028");
  EXPECT_EQ(escape_controls("任务 é – … \u00a0 \u200b"), "任务 é – … \u00a0 \u200b");
  EXPECT_EQ(escape_controls("\xff\xe2\x80"), "\xff\xe2\x80") << "not UTF-8, and cut";
}

}  // namespace

}  // namespace porpoise
