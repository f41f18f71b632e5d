#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace porpoise {
namespace {

Result<int> parse_one(bool good) {
  if (good) return 1;
  return fail(ErrorCode::kInvalid, "not a one");
}

Result<int> twice(bool good) {
  PORPOISE_TRY(const int one, parse_one(good));
  return one * 2;
}

TEST(Result, TryPassesValuesAndErrorsOn) {
  EXPECT_EQ(*twice(true), 2);
  EXPECT_EQ(twice(false).error().message(), "not a one");
}

TEST(Error, PrintsTheWholeChainOutermostFirst) {
  const Error error = errno_error("cannot open x", ENOENT).wrap("cannot start task 7");
  EXPECT_EQ(error.to_string(), "cannot start task 7: cannot open x: No such file or directory");
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace porpoise
