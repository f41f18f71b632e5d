// Against folders that look like /proc and /sys/fs/cgroup of real machines and containers.
#include "machine/machine_load.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace porpoise {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MachineLoad::Clock::time_point kStart{std::chrono::hours(1)};

class MachineLoadTest : public testing::Test {
 protected:
  MachineLoadTest() {
    put("proc/stat", stat(1000, 1000));
    put("proc/meminfo", "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:   12582912 kB\n");
    put("proc/loadavg", "2.50 1.00 0.50 3/400 12345\n");
  }
  ~MachineLoadTest() override { std::filesystem::remove_all(root_); }

  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((root_ / name).parent_path());
    EXPECT_TRUE(write_file(root_ / name, text, 0600, Durability::kAtomic));
  }
  static std::filesystem::path make_root() {
    std::string name = (std::filesystem::path(testing::TempDir()) / "load_XXXXXX").native();
    return ::mkdtemp(name.data()) != nullptr ? name : "";
  }
  // Of four CPUs.
  static std::string stat(int user, int idle) {
    return "cpu  " + std::to_string(user) + " 0 0 " + std::to_string(idle) +
           " 0 0 0 0 7 7\ncpu0 1 1\ncpu1 1 1\ncpu2 1 1\ncpu3 1 1\nintr 1 2 3\nctxt 5\n";
  }
  Load sample(milliseconds after = milliseconds(0)) { return load_.sample(root_, kStart + after); }

  // A version 2 container: its own cgroup is all it sees.
  void put_v2(const std::string& cpu, const std::string& memory) {
    put("proc/self/cgroup", "0::/\n");
    put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    put("sys/fs/cgroup/cpu.max", cpu);
    put("sys/fs/cgroup/cpu.stat", "usage_usec 1000000\nuser_usec 1\n");
    put("sys/fs/cgroup/memory.max", memory);
    put("sys/fs/cgroup/memory.current", "2147483648\n");
    put("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 1073741824\n");
  }

  const std::filesystem::path root_ = make_root();
  MachineLoad load_{root_};
};

TEST_F(MachineLoadTest, IsThatOfTheMachineWithoutLimits) {
  const Load load = sample();
  EXPECT_EQ(load.cpus, 4);
  EXPECT_EQ(load.cpu_usage, -1);
  EXPECT_DOUBLE_EQ(load.memory_usage, 0.25);
  EXPECT_DOUBLE_EQ(load.available_memory_gib, 12);
  EXPECT_DOUBLE_EQ(load.load_average, 2.5);
  EXPECT_GT(load.disk_available_gib, 0);
}

TEST_F(MachineLoadTest, CpuUsageIsTheBusyPartBetweenTwoSamples) {
  sample();
  put("proc/stat", stat(1300, 1100));
  EXPECT_DOUBLE_EQ(sample(seconds(1)).cpu_usage, 0.75);
  put("proc/stat", stat(1300, 1200));
  EXPECT_DOUBLE_EQ(sample(seconds(2)).cpu_usage, 0);
}

TEST_F(MachineLoadTest, SamplesTooCloseToEachOtherKeepTheLastUsage) {
  sample();
  put("proc/stat", stat(1300, 1100));
  EXPECT_EQ(sample(milliseconds(949)).cpu_usage, -1);
  EXPECT_DOUBLE_EQ(sample(milliseconds(950)).cpu_usage, 0.75);
}

TEST_F(MachineLoadTest, WaitingForDisksAndGuestsIsNotCountedAsBusy) {
  put("proc/stat", "cpu 10 10 10 100 50 10 10 10 1000 1000\ncpu0 1\n");
  sample();
  put("proc/stat", "cpu 20 20 20 110 90 20 20 20 9000 9000\ncpu0 1\n");
  EXPECT_DOUBLE_EQ(sample(seconds(1)).cpu_usage, 60.0 / 110);
}

TEST_F(MachineLoadTest, IsThatOfAVersion2Container) {
  put_v2("200000 100000\n", "4294967296\n");
  const Load load = sample();
  EXPECT_DOUBLE_EQ(load.cpus, 2);
  EXPECT_DOUBLE_EQ(load.load_average, 1.25);  // half of the machine's CPUs: half of its load
  EXPECT_DOUBLE_EQ(load.memory_usage, 0.25);  // without cache that can be dropped
  EXPECT_DOUBLE_EQ(load.available_memory_gib, 3);
  put("sys/fs/cgroup/cpu.stat", "usage_usec 2500000\n");
  EXPECT_DOUBLE_EQ(sample(seconds(1)).cpu_usage, 0.75);  // 1.5 of 2 CPU seconds
}

TEST_F(MachineLoadTest, IsThatOfTheMachineWhenAContainerHasNoLimit) {
  put_v2("max 100000\n", "max\n");
  const Load load = sample();
  EXPECT_EQ(load.cpus, 4);
  EXPECT_DOUBLE_EQ(load.available_memory_gib, 12);
  EXPECT_DOUBLE_EQ(load.load_average, 2.5);
}

TEST_F(MachineLoadTest, LimitAboveTheMachineIsNone) {
  put_v2("800000 100000\n", "34359738368\n");
  const Load load = sample();
  EXPECT_EQ(load.cpus, 4);
  EXPECT_DOUBLE_EQ(load.available_memory_gib, 12);
}

TEST_F(MachineLoadTest, ContainerHasNoMoreMemoryThanTheMachineHasLeft) {
  put_v2("max 100000\n", "8589934592\n");
  put("proc/meminfo", "MemTotal: 16777216 kB\nMemAvailable: 2097152 kB\n");
  EXPECT_DOUBLE_EQ(sample().available_memory_gib, 2);
}

TEST_F(MachineLoadTest, LimitOfASurroundingSliceCounts) {
  put("proc/self/cgroup", "0::/system.slice/porpoise.service\n");
  put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
  put("sys/fs/cgroup/system.slice/cpu.max", "100000 100000\n");
  put("sys/fs/cgroup/system.slice/cpu.stat", "usage_usec 0\n");
  put("sys/fs/cgroup/system.slice/porpoise.service/cpu.max", "300000 100000\n");
  put("sys/fs/cgroup/system.slice/porpoise.service/memory.max", "max\n");
  const auto limit = cpu_limit(root_);
  ASSERT_TRUE(limit);
  EXPECT_DOUBLE_EQ(limit->cpus, 1);
  EXPECT_EQ(limit->folder, root_ / "sys/fs/cgroup/system.slice");
  EXPECT_FALSE(memory_limit(root_));
}

// The path is the host's, the mount the container's own.
TEST_F(MachineLoadTest, IsThatOfAVersion1Container) {
  put("proc/self/cgroup", "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/x\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/cpu/cpuacct.usage", "1000000000\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");
  put("sys/fs/cgroup/memory/memory.usage_in_bytes", "1073741824\n");
  put("sys/fs/cgroup/memory/memory.stat", "cache 1\ntotal_inactive_file 536870912\n");
  const Load load = sample();
  EXPECT_DOUBLE_EQ(load.cpus, 0.5);
  EXPECT_DOUBLE_EQ(load.available_memory_gib, 1.5);
  EXPECT_DOUBLE_EQ(load.memory_usage, 0.25);
  put("sys/fs/cgroup/cpu/cpuacct.usage", "1250000000\n");
  EXPECT_DOUBLE_EQ(sample(seconds(1)).cpu_usage, 0.5);
}

TEST_F(MachineLoadTest, Version1WithoutLimitsIsTheMachine) {
  put("proc/self/cgroup", "5:memory:/\n4:cpu,cpuacct:/\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  put("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
  EXPECT_FALSE(cpu_limit(root_));
  EXPECT_FALSE(memory_limit(root_));
}

TEST_F(MachineLoadTest, PathOutsideTheNamespaceIsNotFollowed) {
  put("proc/self/cgroup", "0::/../../elsewhere\n");
  put("sys/fs/cgroup/cgroup.controllers", "cpu\n");
  put("sys/fs/cgroup/cpu.max", "100000 100000\n");
  put("elsewhere/cpu.max", "1 100000\n");
  const auto limit = cpu_limit(root_);
  ASSERT_TRUE(limit);
  EXPECT_DOUBLE_EQ(limit->cpus, 1);
}

TEST_F(MachineLoadTest, IsUnknownWhenNothingCanBeRead) {
  std::filesystem::remove_all(root_ / "proc");
  sample();
  const Load load = sample(seconds(2));
  EXPECT_EQ(load.cpu_usage, -1);
  EXPECT_EQ(load.load_average, -1);
  EXPECT_EQ(load.cpus, 1);
}

TEST(ThisMachineLoad, IsPlausible) {
  const Load load = MachineLoad().sample("/");
  EXPECT_GT(load.cpus, 0);
  EXPECT_GT(load.available_memory_gib, 0);
  EXPECT_GE(load.memory_usage, 0);
  EXPECT_LE(load.memory_usage, 1);
  EXPECT_GE(load.load_average, 0);
}

}  // namespace
}  // namespace porpoise
