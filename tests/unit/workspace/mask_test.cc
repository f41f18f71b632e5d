#include "workspace/mask.h"

#include <gtest/gtest.h>

#include <string>

namespace porpoise {
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

TEST(Mask, LeavesEverythingElse) {
  for (const char* text : {"", "password", "password:", "'password' is missing", "a 'b' \"c\"", "password=abc 'x'",
                           R"({"password":null,"x":"y"})", R"(password":")"})
    EXPECT_EQ(masked(text), text);
}

}  // namespace
}  // namespace porpoise
