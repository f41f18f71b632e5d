#include "logs/log_pager.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <random>

#include "base/json.h"
#include "log_files.h"
#include "memory_peak.h"

namespace porpoise {
namespace {

// All lines of a log as pages show them, when it has none that are too long and no bad bytes but FF.
std::string shown(std::string_view content) {
  std::string text;
  bool line = false;  // one has begun
  bool blank = true;
  const auto end = [&] {
    text += std::string(blank ? " " : "") + "\r\n";
    line = false;
    blank = true;
  };
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\n' && i > 0 && content[i - 1] == '\r') continue;
    line = true;
    if (content[i] == '\n' || content[i] == '\r') {
      end();
    } else {
      text += content[i] == '\xff' ? "\uFFFD" : std::string(1, content[i]);
      blank = false;
    }
  }
  if (line) end();
  return text;
}

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

class LogPages : public LogFiles {
 protected:
  std::string page(const UniqueFd& fd, std::int64_t skip, std::int64_t limit) {
    auto text = pager_.page(fd.get(), skip, limit);
    EXPECT_TRUE(text) << text.error().to_string();
    return text.value_or("error");
  }
  Viewed view_file(const UniqueFd& fd) {
    return view([&](std::int64_t skip, std::int64_t limit) { return page(fd, skip, limit); });
  }
  LogPager pager_;
};

TEST_F(LogPages, AreLinesEndedByCrLf) {
  const UniqueFd fd = file("one\ntwo\r\nthree\rfour");
  EXPECT_EQ(page(fd, 0, 1000), "one\r\ntwo\r\nthree\r\nfour\r\n");
  EXPECT_EQ(page(fd, 1, 2), "two\r\nthree\r\n");
  EXPECT_EQ(page(fd, 3, 2), "four\r\n");
  EXPECT_EQ(page(fd, 4, 1000), "");
  EXPECT_EQ(page(fd, 5, 1000), "");
}

TEST_F(LogPages, TakeAnyNumbers) {
  const UniqueFd fd = file("one\ntwo\n");
  EXPECT_EQ(page(fd, -1, 1), "one\r\n");
  EXPECT_EQ(page(fd, kMin, kMax), "one\r\ntwo\r\n");
  EXPECT_EQ(page(fd, kMax, kMax), "");
  EXPECT_EQ(page(fd, 1, kMax), "two\r\n");
  EXPECT_EQ(page(fd, 0, 0), "");
  EXPECT_EQ(page(fd, 0, -1), "");
  EXPECT_EQ(page(fd, 0, kMin), "");
}

TEST_F(LogPages, EndWithTheLineThatReaches65535Bytes) {
  const std::string line(999, 'x');
  std::string content;
  for (int i = 0; i < 200; ++i) content += line + "\n";
  const UniqueFd fd = file(content);
  EXPECT_EQ(page(fd, 0, 1000).size(), 66U * 1001);  // 65 lines are 64935 bytes, 66 are 65934
  EXPECT_EQ(page(fd, 190, 1000).size(), 10U * 1001);
}

TEST_F(LogPages, ShowEachOfManyLinesOnceAndEnd) {
  std::string content, expected;
  for (int i = 0; i < 100'000; ++i) {
    const std::string line = "[INFO] 2023-04-20 14:13:21.005 +0800 - line " + std::to_string(i);
    content += line + "\n";
    expected += line + "\r\n";
  }
  const UniqueFd fd = file(content);
  const Viewed viewed = view_file(fd);
  EXPECT_TRUE(viewed.ended);
  EXPECT_TRUE(viewed.text == expected);
  EXPECT_LT(viewed.pages, 110);
}

TEST_F(LogPages, DoNotReadTheLogFromItsStart) {
  std::string content;
  for (int i = 0; i < 1'000'000; ++i)
    content += "a line of forty bytes and a number " + std::to_string(1'000'000 + i) + "\n";
  const UniqueFd fd = file(content);
  EXPECT_EQ(page(fd, 999'999, 10), "a line of forty bytes and a number 1999999\r\n");
  const auto read_bytes = [] {  // by this process, from files
    std::ifstream io("/proc/self/io");
    std::string key;
    std::uint64_t count = 0;
    io >> key >> count;
    return key == "rchar:" ? count : 0;
  };
  const std::uint64_t before = read_bytes();
  if (before == 0) GTEST_SKIP() << "SKIPPED: /proc/self/io cannot be read";
  for (std::int64_t skip = 900'000; skip < 900'010; ++skip)
    EXPECT_THAT(page(fd, skip, 1), HasSubstr(std::to_string(1'000'000 + skip)));
  EXPECT_LT(read_bytes() - before, 10U * (4 * 65536U)) << "of a log of 43 MB";
}

TEST_F(LogPages, OfEmptyLinesAloneEnd) {
  const UniqueFd fd = file(std::string(5000, '\n'));
  const Viewed viewed = view_file(fd);
  EXPECT_TRUE(viewed.ended);
  EXPECT_EQ(viewed.text.size(), 5000U * 3);
  EXPECT_EQ(page(fd, 0, 2), " \r\n \r\n");
}

TEST_F(LogPages, ThatEndInEmptyLinesAreCountedRight) {
  std::string content, expected;
  for (int i = 0; i < 5000; ++i) {
    content += std::to_string(i) + (i % 3 == 0 ? "\n\n\n" : "\n");
    expected += std::to_string(i) + (i % 3 == 0 ? "\r\n \r\n \r\n" : "\r\n");
  }
  const UniqueFd fd = file(content);
  const Viewed viewed = view_file(fd);
  EXPECT_TRUE(viewed.ended);
  EXPECT_TRUE(viewed.text == expected);
}

TEST_F(LogPages, OfAProgressBarAreManyShortLines) {
  std::string content = "start\n";
  std::string expected = "start\r\n";
  for (int i = 0; i < 20000; ++i) {
    content += "\r" + std::to_string(i) + "%";
    expected += (i == 0 ? " \r\n" : "") + std::to_string(i) + "%\r\n";
  }
  const UniqueFd fd = file(content + "\r\n");
  const Viewed viewed = view_file(fd);
  EXPECT_TRUE(viewed.ended);
  EXPECT_TRUE(viewed.text == expected);
}

TEST_F(LogPages, AreValidUtf8WhateverTheLogHolds) {
  const UniqueFd fd = file("good \u00e9\nbad \xff\xc3\nt\xe6\x97");
  EXPECT_EQ(page(fd, 0, 10), "good \u00e9\r\nbad \uFFFD\uFFFD\r\nt\uFFFD\r\n");
  EXPECT_NO_THROW(Json(page(fd, 0, 10)).dump());
}

TEST_F(LogPages, CutAHugeLineBetweenCodePoints) {
  std::string huge = "x";
  while (huge.size() < (1U << 20U)) huge += "日";
  const UniqueFd fd = file("before\n" + huge + "\nafter\n");
  const std::string first = page(fd, 0, 1000);
  EXPECT_THAT(first, StartsWith("before\r\nx日日"));
  EXPECT_THAT(first, EndsWith("日 [line cut: it has " + std::to_string(huge.size()) +
                              " bytes, the log file holds them all]\r\n"));
  EXPECT_LT(first.size(), 65535U + 200);
  EXPECT_GT(first.size(), 65535U);
  EXPECT_NO_THROW(Json(first).dump());
  EXPECT_EQ(page(fd, 2, 1000), "after\r\n");
  EXPECT_EQ(view_file(fd).pages, 2);
}

TEST_F(LogPages, CutOnlyLinesOf65535BytesAndMore) {
  const std::string line(65534, 'x');
  EXPECT_EQ(page(file(line + "\n"), 0, 10), line + "\r\n");
  EXPECT_THAT(page(file(line + "x\n"), 0, 10), StartsWith(line + "x [line cut: it has 65535 bytes"));
  EXPECT_THAT(page(file(line + "\u00e9\n"), 0, 10), StartsWith(line + " [line cut: it has 65536 bytes"));
  EXPECT_THAT(page(file(std::string(30000, '\xff')), 0, 10),
              EndsWith("\uFFFD [line cut: it has 30000 bytes, the log file holds them all]\r\n"));
}

TEST_F(LogPages, GrowWithTheLog) {
  const UniqueFd fd = file("one\r");
  EXPECT_EQ(page(fd, 0, 10), "one\r\n");
  append(log(), "\ntwo\n");
  EXPECT_EQ(page(fd, 1, 10), "two\r\n");
  append(log(), "thr");
  EXPECT_EQ(page(fd, 2, 10), "thr\r\n");
  append(log(), "ee\nfour\n");
  EXPECT_EQ(page(fd, 0, 10), "one\r\ntwo\r\nthree\r\nfour\r\n");
}

// Line ends at every place relative to a block and a mark, cut between CR and LF.
TEST_F(LogPages, OfAGrowingLogAreThoseOfTheWholeLog) {
  for (std::size_t shift = 0; shift < 8; ++shift) {
    LogPager growing;
    const UniqueFd fd = file(std::string(65536 - 6 + shift, 'x') + "\r");
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(growing.page(fd.get(), 1000, 10));
      append(log(), "\n" + std::string(65534, 'y') + "\r\nz\r");
    }
    for (std::int64_t skip = 0; skip < 45; ++skip) {
      LogPager fresh;
      ASSERT_EQ(growing.page(fd.get(), skip, 3).value(), fresh.page(fd.get(), skip, 3).value()) << shift << " " << skip;
    }
  }
}

TEST_F(LogPages, OfALogThatWasWrittenAnewAreTheNewOnes) {
  std::string content;
  for (int i = 0; i < 50'000; ++i) content += "old " + std::to_string(i) + "\n";
  const UniqueFd fd = file(content);
  EXPECT_EQ(page(fd, 49'999, 1), "old 49999\r\n");
  write(log(), "new\n");
  EXPECT_EQ(page(fd, 0, 10), "new\r\n");
  EXPECT_EQ(page(fd, 49'999, 1), "");

  content.clear();
  for (int i = 0; i < 60'000; ++i) content += "a newer line " + std::to_string(i) + "\n";
  EXPECT_EQ(page(file(content), 59'999, 1), "a newer line 59999\r\n");
  content.clear();
  for (int i = 0; i < 70'000; ++i) content += "the newest " + std::to_string(i) + "\n";
  std::filesystem::remove(log());  // file systems give the number of its inode to the next
  EXPECT_EQ(page(file(content), 69'999, 1), "the newest 69999\r\n");
}

TEST_F(LogPages, OfEveryLogEndAndMissNothing) {
  std::mt19937 random(20230420);
  const std::vector<std::string> pieces = {"\n",
                                           "\r",
                                           "\r\n",
                                           "a",
                                           "bc",
                                           "\n\n\n\n",
                                           " ",
                                           "\t",
                                           "\xff",
                                           "\r\n\r\n",
                                           "日",
                                           std::string("\0", 1),
                                           std::string(300, 'x')};
  for (int round = 0; round < 300; ++round) {
    std::string content;
    const std::size_t kinds = 1 + random() % pieces.size();
    for (std::size_t i = random() % 8000; i > 0; --i) content += pieces[random() % kinds];
    const UniqueFd fd = file(content);
    const Viewed viewed = view_file(fd);
    ASSERT_TRUE(viewed.ended) << "round " << round;
    ASSERT_TRUE(viewed.text == shown(content)) << "round " << round;
  }
}

TEST_F(LogPages, CostAMebibyteOfMemoryAtMost) {
  std::string half;
  for (int i = 0; i < 65534; ++i) half += "\n";  // the page with the most lines, then its longest last line
  const std::vector<std::string> contents = {half + std::string(3U << 20U, '\xff'), std::string(8U << 20U, 'x'),
                                             std::string(3U << 20U, '\n'), half + std::string(65534, 'x')};
  for (const std::string& content : contents) {
    const UniqueFd fd = file(content);
    LogPager pager;
    const MemoryPeak peak;
    const auto text = pager.page(fd.get(), 0, kMax);
    EXPECT_LT(peak.bytes(), 1U << 20U);
    ASSERT_TRUE(text);
    EXPECT_GT(text->size(), 65535U);
  }
}

TEST_F(LogPages, OfALogOfTenGigabytesComeInTimeAndMemory) {
  const UniqueFd fd = file("first\nsecond\n");
  if (::truncate(log().c_str(), 10LL << 30) != 0) GTEST_SKIP() << "SKIPPED: no sparse files here";
  append(log(), "\nlast\n");
  const MemoryPeak peak;
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(page(fd, 0, 1), "first\r\n");
  EXPECT_TRUE(page(fd, 2, 1).find(" [line cut: it has more than 107") == kPageBytes);
  EXPECT_TRUE(page(fd, 3, 1).empty()) << "it is not read to the end for one page";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
  EXPECT_LT(peak.bytes(), 1U << 20U);
}

TEST_F(LogPages, ThatCannotBeReadAreAnError) {
  const UniqueFd folder(::open(folder_.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(pager_.page(folder.get(), 0, 10));
}

}  // namespace
}  // namespace porpoise
