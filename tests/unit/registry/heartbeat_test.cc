#include "registry/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/json.h"

namespace porpoise {
namespace {

Heartbeat sample() {
  Heartbeat heartbeat;
  heartbeat.startup_time_ms = 1795468114172;
  heartbeat.report_time_ms = 1795468155303;
  heartbeat.cpu_usage = 0.0421;
  heartbeat.memory_usage = 0.1;
  heartbeat.load_average = 2.2349;
  heartbeat.available_memory_gib = 21.13;
  heartbeat.max_cpu_load_avg = 1000;
  heartbeat.reserved_memory_gib = 0.1;
  heartbeat.disk_available_gib = 232.0349;
  heartbeat.process_id = 6576;
  heartbeat.exec_threads = 100;
  return heartbeat;
}

// Recorded from a 3.1.4 worker.
TEST(Heartbeat, ReadsAsThatOfTheJavaWorker) {
  EXPECT_EQ(to_json_text(sample()),
            R"({"startupTime":1795468114172,"reportTime":1795468155303,"cpuUsage":0.04,"memoryUsage":0.1,)"
            R"("loadAverage":2.23,"availablePhysicalMemorySize":21.13,"maxCpuloadAvg":1000.0,"reservedMemory":0.1,)"
            R"("diskAvailable":232.03,"serverStatus":0,"processId":6576,"workerHostWeight":100,)"
            R"("workerWaitingTaskCount":0,"workerExecThreadCount":100})");
}

// One heartbeat that does not parse breaks the worker list of every master.
TEST(Heartbeat, IsJsonWhateverWasMeasured) {
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                             -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::max(), -0.0}) {
    Heartbeat heartbeat = sample();
    heartbeat.cpu_usage = heartbeat.memory_usage = heartbeat.load_average = heartbeat.available_memory_gib = value;
    heartbeat.max_cpu_load_avg = heartbeat.reserved_memory_gib = heartbeat.disk_available_gib = value;
    const std::string text = to_json_text(heartbeat);
    const auto json = parse_json(text);
    ASSERT_TRUE(json) << text;
    for (const char* key : {"cpuUsage", "memoryUsage", "loadAverage", "availablePhysicalMemorySize", "maxCpuloadAvg",
                            "reservedMemory", "diskAvailable"})
      EXPECT_TRUE(json->at(key).is_number_float()) << key << " in " << text;
  }
}

TEST(Heartbeat, UnknownLoadIsMinusOne) {
  Heartbeat heartbeat = sample();
  heartbeat.cpu_usage = heartbeat.load_average = std::numeric_limits<double>::quiet_NaN();
  const auto json = parse_json(to_json_text(heartbeat));
  ASSERT_TRUE(json);
  EXPECT_EQ(json->at("cpuUsage"), -1.0);
  EXPECT_EQ(json->at("loadAverage"), -1.0);
}

TEST(ServerStatus, IsAbnormalAboveTheLoadOrBelowTheReservedMemory) {
  Heartbeat heartbeat = sample();
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kNormal);
  heartbeat.load_average = 1000;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kNormal);
  heartbeat.load_average = 1000.5;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kAbnormal);
  heartbeat = sample();
  heartbeat.available_memory_gib = 0.09;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kAbnormal);
}

TEST(ServerStatus, IsBusyWhenMoreWaitThanCanRun) {
  Heartbeat heartbeat = sample();
  heartbeat.waiting_tasks = 100;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kNormal);
  heartbeat.waiting_tasks = 101;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kBusy);
  heartbeat.available_memory_gib = 0;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kAbnormal);
}

TEST(Overloads, NameEachLimitThatIsPassedWithItsValue) {
  Heartbeat heartbeat = sample();
  heartbeat.unwilling = true;  // no limit of the machine
  EXPECT_THAT(overloads(heartbeat), testing::IsEmpty());
  heartbeat.load_average = 1000.5;
  heartbeat.available_memory_gib = 0.04;
  heartbeat.reserved_memory_gib = 0.3;
  heartbeat.waiting_tasks = 101;
  EXPECT_THAT(overloads(heartbeat), testing::ElementsAre("load average 1000.5 is above max-cpu-load-avg 1000.0",
                                                         "available memory in GiB 0.04 is below reserved-memory 0.3",
                                                         "number of waiting tasks 101.0 is above exec-threads 100.0"));
}

TEST(ServerStatus, OfADrainingWorkerIsAbnormal) {
  Heartbeat heartbeat = sample();
  heartbeat.unwilling = true;
  EXPECT_EQ(server_status(heartbeat), ServerStatus::kAbnormal);
}

TEST(MaxLoadAverage, IsTwiceTheCpusWhenNotConfigured) {
  EXPECT_EQ(max_load_average(-1, 4), 8);
  EXPECT_EQ(max_load_average(0, 0.5), 1);
  EXPECT_EQ(max_load_average(16, 4), 16);
}

}  // namespace
}  // namespace porpoise
