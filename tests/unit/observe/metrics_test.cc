// What Prometheus reads, name by name.
#include "observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <sstream>
#include <thread>

#include "base/clock.h"
#include "base/descriptor.h"

namespace porpoise {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Ge;
using testing::Gt;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Key;
using testing::Le;
using testing::Not;
using testing::Pair;

// The samples of a scrape: "name{label="value",…}" -> value. Fails on a line that is none.
std::map<std::string, double> parse(const std::string& text) {
  std::map<std::string, double> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
    const std::size_t space = line.rfind(' ');
    if (space == std::string::npos) {
      ADD_FAILURE() << "no sample: " << line;
      continue;
    }
    std::size_t used = 0;
    const std::string value = line.substr(space + 1);
    EXPECT_TRUE(samples.emplace(line.substr(0, space), std::stod(value, &used)).second) << "twice: " << line;
    EXPECT_EQ(used, value.size()) << line;
  }
  return samples;
}

std::map<std::string, double> scrape(Metrics& metrics, const WorkerGauges& levels = {}) {
  return parse(metrics.scrape(levels));
}

TEST(Metrics, CountATaskByTypeAndOutcome) {
  Metrics metrics({"SHELL", "PYTHON"});
  metrics.tasks.received("SHELL");
  metrics.tasks.received("SHELL");
  metrics.tasks.started("SHELL", MetricSeconds(2));
  metrics.tasks.finished("SHELL", TaskOutcome::kKill, MetricSeconds(40));
  const auto samples = scrape(metrics);
  EXPECT_THAT(samples,
              IsSupersetOf({
                  std::pair<const std::string, double>(R"(porpoise_tasks_received_total{type="SHELL"})", 2),
                  {R"(porpoise_tasks_started_total{type="SHELL"})", 1},
                  {R"(porpoise_tasks_finished_total{outcome="kill",type="SHELL"})", 1},
                  {R"(porpoise_tasks_finished_total{outcome="success",type="SHELL"})", 0},  // a rate needs the zero
                  {R"(porpoise_tasks_finished_total{outcome="failure",type="SHELL"})", 0},
                  {R"(porpoise_task_queue_seconds_bucket{type="SHELL",le="1"})", 0},
                  {R"(porpoise_task_queue_seconds_bucket{type="SHELL",le="5"})", 1},
                  {R"(porpoise_task_queue_seconds_sum{type="SHELL"})", 2},
                  {R"(porpoise_task_run_seconds_count{outcome="kill",type="SHELL"})", 1},
                  {R"(porpoise_task_run_seconds_sum{outcome="kill",type="SHELL"})", 40},
              }));
}

TEST(Metrics, ShowTheSameValuesUnderTheNamesOfTheJavaWorker) {
  Metrics metrics({"SHELL", "PYTHON"});
  metrics.tasks.received("SHELL");
  metrics.tasks.finished("SHELL", TaskOutcome::kSuccess, MetricSeconds(40));
  metrics.tasks.overloaded();
  metrics.tasks.rejected_full();
  metrics.tasks.rejected_full();
  metrics.resources.downloaded(MetricSeconds(2), 5000);
  metrics.resources.download_failed();
  const auto samples = scrape(metrics, {.running = {{"SHELL", 2}, {"PYTHON", 1}}});
  EXPECT_THAT(samples,
              IsSupersetOf({
                  std::pair<const std::string, double>("ds_task_running", 3),
                  {R"(ds_task_execution_count_by_type_total{task_type="SHELL"})", 1},
                  {R"(ds_task_execution_count_total{result="success",task_type="SHELL"})", 1},
                  {R"(ds_task_execution_duration_seconds_sum{result="success",task_type="SHELL"})", 40},
                  {R"(ds_task_execution_duration_seconds_bucket{result="success",task_type="SHELL",le="+Inf"})", 1},
                  {"ds_task_execution_duration_seconds_max", 40},
                  {"ds_worker_overload_count_total", 1},
                  {"ds_worker_full_submit_queue_count_total", 2},
                  {R"(ds_worker_resource_download_count_total{status="success"})", 1},
                  {R"(ds_worker_resource_download_count_total{status="fail"})", 1},
                  {"ds_worker_resource_download_duration_seconds_sum", 2},
                  {"ds_worker_resource_download_size_bytes_sum", 5000},
                  {R"(ds_worker_resource_download_size_bytes_bucket{le="10000"})", 1},
                  {"porpoise_overloads_total", 1},
                  {"porpoise_full_queue_rejections_total", 2},
                  {R"(porpoise_resource_downloads_total{outcome="failure"})", 1},
                  {"porpoise_resource_download_seconds_count", 1},
                  {"porpoise_resource_download_bytes_sum", 5000},
              }));
}

TEST(Metrics, CountMessagesFramesAndRejections) {
  Metrics metrics;
  metrics.messages.sent(SendOutcome::kSent);
  metrics.messages.sent(SendOutcome::kUnreachable);
  metrics.messages.acknowledged();
  metrics.messages.dropped();
  metrics.messages.frame("TASK_DISPATCH_REQUEST");
  metrics.messages.rejected(FrameRejection::kDeadline);
  metrics.messages.log_request("ROLL_VIEW_LOG_REQUEST");
  metrics.messages.session_expired();
  metrics.tasks.adopted(AdoptOutcome::kLost);
  metrics.tasks.host_spawned(MetricSeconds(0.003));
  metrics.tasks.killed(MetricSeconds(1.5));
  metrics.tasks.survived(2);
  EXPECT_THAT(scrape(metrics),
              IsSupersetOf({
                  std::pair<const std::string, double>(R"(porpoise_message_sends_total{outcome="sent"})", 1),
                  {R"(porpoise_message_sends_total{outcome="unreachable"})", 1},
                  {"porpoise_messages_acknowledged_total", 1},
                  {"porpoise_messages_dropped_total", 1},
                  {R"(porpoise_frames_total{command="TASK_DISPATCH_REQUEST"})", 1},
                  {R"(porpoise_frames_rejected_total{reason="deadline"})", 1},
                  {R"(porpoise_frames_rejected_total{reason="malformed"})", 0},
                  {R"(porpoise_log_requests_total{command="ROLL_VIEW_LOG_REQUEST"})", 1},
                  {"porpoise_registry_session_expired_total", 1},
                  {R"(porpoise_adopted_tasks_total{outcome="lost"})", 1},
                  {R"(porpoise_host_spawn_seconds_bucket{le="0.005"})", 1},
                  {"porpoise_kill_seconds_sum", 1.5},
                  {"porpoise_kill_survivors_total", 2},
              }));
}

TEST(Metrics, ShowLevelsAsTheyAreAtTheScrape) {
  Metrics metrics({"SHELL", "PYTHON"});
  WorkerGauges levels{.running = {{"SHELL", 2}},
                      .waiting = 4,
                      .slots_total = 10,
                      .slots_used = 3,
                      .results_unacked = 5,
                      .outbox_bytes = 4096,
                      .oldest_unacked = MetricSeconds(1.5),
                      .registry_connected = true,
                      .overloaded = true,
                      .disks = {{"data", {.free_bytes = 3, .size_bytes = 9}}},
                      .incoming_connections = 6,
                      .master_connections = 2,
                      .alert_connections = 1};
  EXPECT_THAT(scrape(metrics, levels),
              IsSupersetOf({
                  std::pair<const std::string, double>(R"(porpoise_tasks_running{type="SHELL"})", 2),
                  {"porpoise_tasks_waiting", 4},
                  {R"(porpoise_slots{state="used"})", 3},
                  {R"(porpoise_slots{state="free"})", 7},
                  {R"(porpoise_slots{state="draining"})", 0},
                  {"porpoise_results_unacked", 5},
                  {"porpoise_outbox_bytes", 4096},
                  {"porpoise_result_oldest_unacked_seconds", 1.5},
                  {"porpoise_registry_connected", 1},
                  {"porpoise_overloaded", 1},
                  {R"(porpoise_disk_free_bytes{folder="data"})", 3},
                  {R"(porpoise_disk_size_bytes{folder="data"})", 9},
                  {R"(porpoise_connections{peer_kind="incoming"})", 6},
                  {R"(porpoise_connections{peer_kind="master"})", 2},
                  {R"(porpoise_connections{peer_kind="alert_server"})", 1},
              }));
  levels.draining = true;
  EXPECT_THAT(scrape(metrics, levels), AllOf(Contains(Pair(R"(porpoise_slots{state="free"})", 0)),
                                             Contains(Pair(R"(porpoise_slots{state="draining"})", 7))));
  EXPECT_THAT(scrape(metrics), AllOf(Contains(Pair("ds_task_running", 0)), Not(Contains(Key(HasSubstr("type=\""))))));
}

TEST(Metrics, ShowTheBuildAndTheProcess) {
  Metrics metrics;
  const auto samples = scrape(metrics);
  EXPECT_THAT(samples, Contains(Pair("porpoise_build_info{version=\"" PORPOISE_VERSION "\"}", 1)));
  EXPECT_THAT(samples, Contains(Pair("process_cpu_seconds_total", Ge(0))));
  EXPECT_THAT(samples, Contains(Pair("process_resident_memory_bytes", Gt(1e6))));
  EXPECT_THAT(samples, Contains(Pair("process_virtual_memory_bytes", Gt(1e6))));
  EXPECT_THAT(samples, Contains(Pair("process_max_fds", Gt(3))));
  const double now = static_cast<double>(wall_ms()) / 1000;
  EXPECT_THAT(samples, Contains(Pair("process_start_time_seconds", AllOf(Gt(now - 3600), Le(now + 1)))));

  const UniqueFd one_more(::dup(0));
  std::atomic<bool> over = false;
  std::thread another([&] { over.wait(false); });
  auto later = scrape(metrics);
  over = true;
  over.notify_all();
  another.join();
  EXPECT_EQ(later["process_open_fds"], samples.at("process_open_fds") + 1);
  EXPECT_GE(later["process_threads"], samples.at("process_threads") + 1);
  EXPECT_EQ(later["process_start_time_seconds"], samples.at("process_start_time_seconds")) << "it looks like a restart";
}

TEST(Metrics, DeclareEveryFamilyOnceWithItsType) {
  Metrics metrics({"SHELL", "PYTHON"});
  metrics.tasks.received("SHELL");
  metrics.tasks.started("SHELL", MetricSeconds(1));
  metrics.tasks.finished("SHELL", TaskOutcome::kSuccess, MetricSeconds(1));
  std::map<std::string, std::string> types;
  std::istringstream lines(metrics.scrape({}));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash, word, name, type;
    if (!(words >> hash >> word >> name >> type) || word != "TYPE") continue;
    EXPECT_TRUE(types.emplace(name, type).second) << name << " is declared twice";
    EXPECT_EQ(name.ends_with("_total"), type == "counter") << line;
  }
  EXPECT_EQ(types["porpoise_task_run_seconds"], "histogram");
  EXPECT_EQ(types["ds_task_execution_duration_seconds"], "histogram");
  EXPECT_EQ(types["ds_task_running"], "gauge");
  EXPECT_EQ(types["process_cpu_seconds_total"], "counter");
}

// The first 32 types of whoever dispatched had labels of their own, and those that there are came too late.
TEST(Metrics, TellTheTypesOfTheCatalogApartAndNoOthers) {
  Metrics metrics({"SHELL", "SWITCH"});
  for (int i = 0; i < 100; ++i) metrics.tasks.received("TYPE_" + std::to_string(i));
  for (const char* const type : {"SHELL", "shell", "", "SHELL\"} 1\n"}) metrics.tasks.received(type);
  metrics.tasks.started("TYPE_1", MetricSeconds(1));
  metrics.tasks.finished("TYPE_2", TaskOutcome::kFailure, MetricSeconds(1));
  const auto samples = scrape(metrics, {.running = {{"TYPE_98", 1}, {"TYPE_99", 1}, {"SHELL", 1}}});
  std::size_t types = 0;
  for (const auto& [name, value] : samples) types += name.starts_with("porpoise_tasks_received_total");
  EXPECT_EQ(types, 2U) << "SHELL and other";
  EXPECT_THAT(samples, Contains(Pair(R"(porpoise_tasks_received_total{type="other"})", 103)));
  EXPECT_THAT(samples, Contains(Pair(R"(porpoise_tasks_received_total{type="SHELL"})", 1)));
  EXPECT_THAT(samples, Contains(Pair(R"(ds_task_execution_count_by_type_total{task_type="unknown"})", 103)));
  EXPECT_THAT(samples, Contains(Pair(R"(porpoise_tasks_running{type="other"})", 2)));
  EXPECT_THAT(samples, Contains(Pair(R"(porpoise_task_queue_seconds_count{type="other"})", 1)));
  EXPECT_THAT(samples, Contains(Pair(R"(porpoise_task_run_seconds_count{outcome="failure",type="other"})", 1)));
}

TEST(Metrics, MeasureTheStartOfAHostAndTheWayOfAResult) {
  Metrics metrics;
  metrics.tasks.host_started(MetricSeconds(0.02));
  metrics.tasks.told(MetricSeconds(0.003));
  metrics.tasks.told(MetricSeconds(90));
  EXPECT_THAT(scrape(metrics), IsSupersetOf({
                                   std::pair<const std::string, double>("porpoise_host_start_seconds_count", 1),
                                   {R"(porpoise_host_start_seconds_bucket{le="0.01"})", 0},
                                   {R"(porpoise_host_start_seconds_bucket{le="0.025"})", 1},
                                   {"porpoise_result_ack_seconds_count", 2},
                                   {R"(porpoise_result_ack_seconds_bucket{le="0.005"})", 1},
                                   {R"(porpoise_result_ack_seconds_bucket{le="60"})", 1},
                                   {R"(porpoise_result_ack_seconds_bucket{le="300"})", 2},
                               }));
}

// A server takes a sum that falls for a restart.
TEST(Metrics, TakeNoTimeOffWhenTheClockWasSetBack) {
  Metrics metrics({"SHELL"});
  metrics.tasks.finished("SHELL", TaskOutcome::kSuccess, MetricSeconds(5));
  metrics.tasks.finished("SHELL", TaskOutcome::kSuccess, MetricSeconds(-3600));
  EXPECT_THAT(scrape(metrics), Contains(Pair(R"(porpoise_task_run_seconds_sum{outcome="success",type="SHELL"})", 5)));
}

TEST(Metrics, MayBeCountedOnAnyThread) {
  Metrics metrics({"SHELL", "T0", "T1"});
  const auto count = [&] {
    for (int i = 0; i < 200; ++i) {
      metrics.tasks.received("T" + std::to_string(i % 7));
      metrics.tasks.finished("SHELL", TaskOutcome::kSuccess, MetricSeconds(1));
      metrics.messages.frame("PING");
    }
  };
  std::thread first(count);
  std::thread second(count);
  for (int i = 0; i < 5; ++i) scrape(metrics);
  first.join();
  second.join();
  EXPECT_THAT(scrape(metrics), AllOf(Contains(Pair(R"(porpoise_frames_total{command="PING"})", 400)),
                                     Contains(Pair("porpoise_task_run_seconds_count"
                                                   R"({outcome="success",type="SHELL"})",
                                                   400))));
}

TEST(LabelValues, AreCleanAndShort) {
  LabelValues values({"IN THE CATALOG"}, 3);
  EXPECT_EQ(values.admit("OPENMLDB-2.x_a"), "OPENMLDB-2.x_a");
  EXPECT_EQ(values.admit("a\"} evil{\n"), "a___evil__");
  EXPECT_EQ(values.admit(std::string(1000, 'x')), std::string(48, 'x'));
  EXPECT_EQ(values.admit("one too many"), "other");
  EXPECT_EQ(values.admit("IN THE CATALOG"), "IN_THE_CATALOG");
  EXPECT_EQ(values.admit("OPENMLDB-2.x_a"), "OPENMLDB-2.x_a") << "what is known stays known";
  EXPECT_EQ(values.admit(""), "other");
}

TEST(RecentMax, ForgetsAfterTwoMinutes) {
  using std::chrono::seconds;
  const RecentMax::Clock::time_point start(std::chrono::hours(5));
  RecentMax max;
  EXPECT_EQ(max.value(start), 0);
  max.add(7, start);
  max.add(3, start + seconds(30));
  EXPECT_EQ(max.value(start + seconds(59)), 7);
  max.add(4, start + seconds(61));
  EXPECT_EQ(max.value(start + seconds(62)), 7) << "of the minute before";
  EXPECT_EQ(max.value(start + seconds(122)), 4);
  EXPECT_EQ(max.value(start + seconds(400)), 0);
}

}  // namespace
}  // namespace porpoise
