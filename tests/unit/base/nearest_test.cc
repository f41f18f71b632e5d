#include "base/nearest.h"

#include <gtest/gtest.h>

namespace porpoise {
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

}  // namespace
}  // namespace porpoise
