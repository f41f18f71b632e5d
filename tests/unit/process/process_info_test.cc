#include "process/process_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace porpoise {
namespace {

using testing::ElementsAre;

constexpr const char* kStat =
    "4711 (a b) c)) S 17 4710 4709 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1000 20 18446744073709551615 1 1";

TEST(ProcessInfo, ReadsNamesWithBlanksAndParentheses) {
  const auto info = parse_stat(kStat);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->pid, 4711);
  EXPECT_EQ(info->name, "a b) c)");
  EXPECT_EQ(info->state, 'S');
  EXPECT_EQ(info->parent, 17);
  EXPECT_EQ(info->group, 4710);
  EXPECT_EQ(info->session, 4709);
  EXPECT_EQ(info->threads, 1);
  EXPECT_EQ(info->start_ticks, 987654U);
}

TEST(ProcessInfo, AZombieWithThreadsLives) {
  std::string text = kStat;
  text.replace(text.find(" S "), 3, " Z ");
  EXPECT_TRUE(parse_stat(text)->ended());
  text.replace(text.find(" 20 0 1 "), 8, " 20 0 2 ");
  EXPECT_FALSE(parse_stat(text)->ended());
}

TEST(ProcessInfo, RefusesWhatIsCutAnywhereBeforeTheStartTime) {
  const std::string whole = kStat;
  const std::size_t end = whole.find("987654");
  for (std::size_t size = 0; size < end; ++size) EXPECT_FALSE(parse_stat(whole.substr(0, size))) << size;
  for (const char* text : {"(", ")", "1 )(", "1 (x)", "1 (x) ", "x (y) S 1 1 1"})
    EXPECT_FALSE(parse_stat(text)) << text;
}

TEST(ProcessInfo, KnowsThisProcess) {
  const auto self = read_process(::getpid());
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->session, ::getsid(0));
  const auto all = list_processes();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const ProcessInfo& p) {
    return p.pid == self->pid && p.start_ticks == self->start_ticks;
  }));
  EXPECT_EQ(boot_id().size(), 36U);
}

TEST(ProcessInfo, FindsDescendantsInAnyOrder) {
  const auto process = [](pid_t pid, pid_t parent) {
    ProcessInfo info;
    info.pid = pid;
    info.parent = parent;
    return info;
  };
  const std::vector<ProcessInfo> all = {process(3, 30), process(30, 20), process(20, 10), process(4, 1),
                                        process(10, 1)};
  std::vector<pid_t> found;
  for (const ProcessInfo& info : descendants(all, 10)) found.push_back(info.pid);
  EXPECT_THAT(found, ElementsAre(3, 30, 20));
}

TEST(ProcessInfo, DescribesAFewAndCountsTheRest) {
  std::vector<ProcessInfo> processes(3);
  for (ProcessInfo& info : processes) info.name = "bash";
  EXPECT_EQ(describe(processes, 2), "bash (0), bash (0) and 1 more");
  EXPECT_EQ(describe({}, 2), "");
}

}  // namespace
}  // namespace porpoise
