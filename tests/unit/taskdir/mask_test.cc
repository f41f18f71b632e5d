#include "taskdir/mask.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

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
}  // namespace porpoise
