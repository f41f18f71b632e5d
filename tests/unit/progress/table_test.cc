#include "progress/output.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

using std::chrono::milliseconds;

TEST(Table, AlignsColumnsByWhatTheyShow) {
  Table table({{"task"}, {"run", true}, {"outputs"}});
  table.add_row({{"特征"}, {"1.0s"}, {"auc=1"}});
  table.add_row({{"train"}, {"12.0s"}, {""}});
  EXPECT_EQ(table.render(0, false),
            "task     run  outputs\n"
            "特征    1.0s  auc=1\n"
            "train  12.0s\n");
}

TEST(Table, CutsTheLastColumnToTheWidth) {
  Table table({{"task"}, {"outputs"}});
  table.add_row({{"a"}, {"x=0123456789 y=0123456789"}});
  EXPECT_EQ(table.render(20, false), "task  outputs\na     x=0123456789 …\n");
}

TEST(Table, OneLongNameLeavesFortyColumnsReadable) {
  Table table({{"task"}, {"state"}, {"run", true}, {"outputs"}});
  table.add_row({{std::string(200, 'n')}, {"SUCCESS"}, {"1.0s"}, {"auc=0.93"}});
  table.add_row({{"b"}, {"FAILURE"}, {"12.0s"}, {""}});
  EXPECT_EQ(table.render(40, false),
            "task            state      run  outputs\n"
            "nnnnnnnnnnnnn…  SUCCESS   1.0s  auc=0.93\n"
            "b               FAILURE  12.0s\n");
}

TEST(Table, ColorsCellsWithoutChangingTheirWidth) {
  Table table({{"state"}, {"n"}});
  table.add_row({{"OK", Color::kGreen}, {"1"}});
  EXPECT_EQ(table.render(0, true), "\x1B[1mstate\x1B[0m  \x1B[1mn\x1B[0m\n\x1B[32mOK\x1B[0m     1\n");
}

TEST(FormatDuration, UsesTheUnitsThatPeopleReadBest) {
  EXPECT_EQ(format_duration(milliseconds(0)), "0.0s");
  EXPECT_EQ(format_duration(milliseconds(-5)), "0.0s");
  EXPECT_EQ(format_duration(milliseconds(59999)), "59.9s");
  EXPECT_EQ(format_duration(milliseconds(185000)), "3m05s");
  EXPECT_EQ(format_duration(milliseconds(7620000)), "2h07m");
}

}  // namespace
}  // namespace porpoise
