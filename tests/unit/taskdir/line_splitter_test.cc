#include "taskdir/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

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

}  // namespace
}  // namespace porpoise
