#include "engine/outbox.h"

#include <gtest/gtest.h>

namespace porpoise {
namespace {

constexpr Outbox::Key kResult{7, MessageKind::kResult};
constexpr Outbox::Key kRunning{7, MessageKind::kRunning};

Moment at(std::int64_t ms) { return {1'000'000 + ms, ms}; }

wire::TaskEnded result_for(const std::string& master) {
  wire::TaskEnded message;
  message.addressing.receiver = master;
  message.task_instance_id = 7;
  return message;
}

std::string receiver(const Outbox::Due& due) {
  return std::visit([](const auto& message) { return message.addressing.receiver; }, due.message);
}

TEST(Outbox, SaysAtOnceAndAgainWithGrowingPausesUntilItIsAcknowledged) {
  Outbox outbox({});
  outbox.put(kResult, result_for("m:1"), at(0));
  EXPECT_EQ(outbox.take_due(at(0)).size(), 1U);
  EXPECT_TRUE(outbox.take_due(at(1999)).empty());
  EXPECT_EQ(outbox.take_due(at(2000)).size(), 1U);
  EXPECT_TRUE(outbox.take_due(at(5999)).empty());
  EXPECT_EQ(outbox.take_due(at(6000)).size(), 1U);
  EXPECT_EQ(outbox.acknowledge(kResult), at(0).mono_ms) << "since when it waited";
  EXPECT_FALSE(outbox.acknowledge(kResult)) << "a second ACK finds nothing";
  EXPECT_TRUE(outbox.take_due(at(3'600'000)).empty());
}

TEST(Outbox, NeverWaitsLongerThanAMinuteForAnAck) {
  Outbox outbox({});
  outbox.put(kResult, result_for("m:1"), at(0));
  std::int64_t last = 0;
  for (std::int64_t now = 0; now < 1'000'000; now += 500) {
    if (outbox.take_due(at(now)).empty()) continue;
    EXPECT_LE(now - last, 60'000);
    last = now;
  }
  EXPECT_GT(last, 900'000);
}

TEST(Outbox, TriesAnUnreachableMasterEveryFewSeconds) {
  Outbox outbox({});
  outbox.put(kResult, result_for("m:1"), at(0));
  int tries = 0;
  for (std::int64_t now = 0; now <= 60'000; now += 100)
    for (const Outbox::Due& due : outbox.take_due(at(now))) {
      ++tries;
      outbox.not_sent(due.key, at(now));
    }
  EXPECT_GE(tries, 12);
  EXPECT_LE(tries, 20);
}

TEST(Outbox, ReplacesRunningByResult) {
  Outbox outbox({});
  outbox.put(kRunning, wire::TaskRunning{}, at(0));
  outbox.put(kResult, result_for("m:1"), at(0));
  EXPECT_FALSE(outbox.has(kRunning));
  EXPECT_EQ(outbox.take_due(at(0)).size(), 1U);
}

TEST(Outbox, TellsANewMasterAtOnceAndTheSame) {
  Outbox outbox({});
  outbox.put(kResult, result_for("old:1"), at(0));
  (void)outbox.take_due(at(0));
  outbox.retarget(7, "new:1", at(10));
  const auto due = outbox.take_due(at(10));
  ASSERT_EQ(due.size(), 1U);
  EXPECT_EQ(receiver(due[0]), "new:1");
}

TEST(Outbox, StopsAfterAFewTriesOnceTheMasterHasKilledTheTask) {
  Outbox outbox({});
  outbox.put(kResult, result_for("m:1"), at(0));
  outbox.limit_tries(7);
  int tries = 0;
  std::vector<Outbox::Key> expired;
  for (std::int64_t now = 0; now <= 120'000 && expired.empty(); now += 100) {
    tries += static_cast<int>(outbox.take_due(at(now)).size());
    expired = outbox.take_expired(at(now));
  }
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(expired, std::vector{kResult});
  EXPECT_EQ(outbox.size(), 0U);
}

// It was given up after 37 seconds, and its master waited for the task for ever.
TEST(Outbox, ARejectionThatCannotBeSentIsKeptUntilItsMasterIsBack) {
  Outbox outbox({});
  constexpr Outbox::Key kReject{7, MessageKind::kReject};
  outbox.put(kReject, wire::TaskRejected{}, at(0), 10);
  for (std::int64_t now = 0; now <= 3'600'000; now += 500) {
    for (const Outbox::Due& due : outbox.take_due(at(now))) outbox.not_sent(due.key, at(now));
    ASSERT_TRUE(outbox.take_expired(at(now)).empty()) << now;
  }
  int tries = 0;
  for (std::int64_t now = 3'600'500; now <= 7'200'000 && outbox.has(kReject); now += 500) {
    tries += static_cast<int>(outbox.take_due(at(now)).size());
    (void)outbox.take_expired(at(now));
  }
  EXPECT_EQ(tries, 10) << "each makes the master dispatch it again";
}

TEST(Outbox, GivesUpWhatIsOlderThanItsLimit) {
  Outbox outbox({.max_age = std::chrono::minutes(10)});
  outbox.put(kResult, result_for("m:1"), at(0));
  EXPECT_TRUE(outbox.take_expired(at(599'999)).empty());
  EXPECT_EQ(outbox.take_expired(at(600'000)), std::vector{kResult});
}

}  // namespace
}  // namespace porpoise
