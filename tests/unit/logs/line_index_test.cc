#include "logs/log_pager.h"

#include <sys/stat.h>

#include "log_files.h"

namespace porpoise {
namespace {

using Lines = std::vector<std::string>;

class LineReaderOfFile : public LogFiles {
 protected:
  Lines lines(std::string_view content) const {
    const UniqueFd fd = file(content);
    LineReader reader(fd.get(), 0);
    Lines found;
    while (reader.next(1000)) {
      found.emplace_back(reader.line().kept);
      EXPECT_EQ(content.substr(reader.line().begin, reader.line().bytes).substr(0, 1000), found.back());
    }
    EXPECT_TRUE(reader.status());
    return found;
  }
};

TEST_F(LineReaderOfFile, EndsLinesAsJavaDoes) {
  EXPECT_EQ(lines(""), Lines());
  EXPECT_EQ(lines("a"), Lines{"a"});
  EXPECT_EQ(lines("a\n"), Lines{"a"});
  EXPECT_EQ(lines("a\r\nb\rc\nd"), (Lines{"a", "b", "c", "d"}));
  EXPECT_EQ(lines("\n\r\n\r"), (Lines{"", "", ""}));
  EXPECT_EQ(lines("\n\r"), (Lines{"", ""}));
  EXPECT_EQ(lines("\r\r\n\n"), (Lines{"", "", ""}));
}

TEST_F(LineReaderOfFile, FindsLineEndsAcrossBlocks) {
  for (const std::size_t length : {65534U, 65535U, 65536U, 131071U, 131072U}) {
    const std::string first(length, 'x');
    for (const char* end : {"\n", "\r", "\r\n"}) {
      EXPECT_EQ(lines(first + end), (Lines{first.substr(0, 1000)}));
      EXPECT_EQ(lines(first + end + "b" + end + end), (Lines{first.substr(0, 1000), "b", ""}));
    }
  }
}

TEST_F(LineReaderOfFile, StopsWithinALineAtItsLimit) {
  const UniqueFd fd = file(std::string(300000, 'x') + "\nb\n");
  LineReader reader(fd.get(), 0);
  reader.limit(100000);
  ASSERT_TRUE(reader.next(10));
  EXPECT_FALSE(reader.line().whole);
  EXPECT_GE(reader.line().bytes, 100000U);
  EXPECT_LT(reader.line().bytes, 200000U);
  EXPECT_FALSE(reader.next(10));
  EXPECT_TRUE(reader.status());
}

TEST_F(LineReaderOfFile, SaysThatReadingFailed) {
  const UniqueFd folder(::open("/tmp", O_RDONLY | O_CLOEXEC));
  LineReader reader(folder.get(), 0);
  EXPECT_FALSE(reader.next(10));
  EXPECT_FALSE(reader.status());
}

TEST(LineIndex, GivesTheLastMarkThatIsNotBehind) {
  LineIndex index;
  EXPECT_EQ(index.before(5).offset, 0U);
  index.note({10, 100'000});
  index.note({11, 100'010});
  index.note({20, 200'000});
  EXPECT_EQ(index.marks(), 2U);
  EXPECT_EQ(index.before(9).line, 0U);
  EXPECT_EQ(index.before(10).offset, 100'000U);
  EXPECT_EQ(index.before(19).line, 10U);
  EXPECT_EQ(index.before(1'000'000).offset, 200'000U);
  index.note({15, 150'000});
  EXPECT_EQ(index.before(15).line, 10U) << "what is not behind the last mark is not noted";
}

TEST(LineIndex, StaysSmallAndReachesTheEndOfALargeLog) {
  LineIndex index;
  constexpr std::uint64_t kLine = 100'000;
  for (std::uint64_t line = 0; line < 1'000'000; ++line) index.note({line, line * kLine});
  EXPECT_LE(index.marks(), 4096U);
  EXPECT_GE(index.marks(), 2000U);
  for (std::uint64_t line = 1000; line < 1'000'000; line += 997) {
    EXPECT_LE(index.before(line).line, line);
    EXPECT_GT(index.before(line).line + 1000, line);
  }
}

class LineIndexOfFile : public LogFiles {
 protected:
  LineIndex& of(const UniqueFd& fd) {
    struct stat info {};
    EXPECT_EQ(::fstat(fd.get(), &info), 0);
    return indexes_.of(fd.get(), info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size));
  }
  UniqueFd marked(std::string_view content) {
    UniqueFd fd = file(content);
    LineIndex& index = of(fd);
    index.note({7, 100'000});
    index.seal(fd.get());
    return fd;
  }
  LineIndexes indexes_;
};

TEST_F(LineIndexOfFile, IsKeptWhileTheFileGrows) {
  const UniqueFd fd = marked(std::string(200'000, 'x'));
  append(log(), "more");
  EXPECT_EQ(of(fd).marks(), 1U);
}

TEST_F(LineIndexOfFile, BeginsAnewWhenTheFileShrankOrWasWrittenAnew) {
  const UniqueFd fd = marked(std::string(200'000, 'x'));
  write(log(), "short");
  EXPECT_EQ(of(fd).marks(), 0U);

  const UniqueFd again = marked(std::string(200'000, 'x'));
  write(log(), std::string(300'000, 'y'));
  EXPECT_EQ(of(again).marks(), 0U);
}

TEST_F(LineIndexOfFile, IsKeptForTheFilesUsedLast) {
  const UniqueFd first = marked(std::string(200'000, 'x'));
  const auto open_others = [this](int count) {
    std::vector<UniqueFd> others;
    for (int i = 0; i < count; ++i) {
      const std::filesystem::path path = folder_ / std::to_string(i);
      write(path, "x");
      others.emplace_back(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      of(others.back());
    }
  };
  open_others(63);
  EXPECT_EQ(of(first).marks(), 1U);
  open_others(64);
  EXPECT_EQ(of(first).marks(), 0U);
}

}  // namespace
}  // namespace porpoise
