#include "cli/help_format.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "cli/commands.h"

namespace porpoise {
namespace {

TEST(WrapWords, BreaksBetweenWordsAndKeepsLongOnes) {
  EXPECT_EQ(wrap_words("one two three", 7), "one two\nthree");
  EXPECT_EQ(wrap_words("one two\n  three four five", 12), "one two\n  three four\nfive");
  EXPECT_EQ(wrap_words("a-word-that-is-too-long for it", 8), "a-word-that-is-too-long\nfor it");
  EXPECT_EQ(wrap_words("", 8), "");
}

TEST(HelpFormat, FitsIntoAHundredColumnsWithoutWordsOfTheLibrary) {
  CLI::App app("A worker", "porpoise");
  app.formatter(std::make_shared<HelpFormat>());
  WorkerFlags flags;
  declare_worker_flags(app, flags);
  const std::string help = app.help();
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kHelpColumns) << line;
  for (const char* const word : {"{false}", "TEXT:", "REQUIRED", "INT in ["})
    EXPECT_EQ(help.find(word), std::string::npos) << word;
}

}  // namespace
}  // namespace porpoise
