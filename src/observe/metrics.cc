#include "observe/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "observe/gauges.h"

namespace porpoise {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::Registry;
using Buckets = Histogram::BucketBoundaries;

constexpr std::size_t kMaxCommands = 40;  // 3.1 has 37

constexpr std::array kTaskOutcomes = {"success", "failure", "kill"};
constexpr std::array kAdoptOutcomes = {"running", "finished", "lost"};
constexpr std::array kSendOutcomes = {"sent", "unreachable"};
constexpr std::array kDownloadOutcomes = {"success", "failure"};
constexpr std::array kRejections = {"malformed", "body", "unexpected", "peer", "deadline"};

const Buckets kQueueSeconds = {0.01, 0.1, 1, 5, 10, 30, 60, 300, 900, 3600};
const Buckets kRunSeconds = {0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 21600, 86400};
const Buckets kAckSeconds = {0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200};
const Buckets kSpawnSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};
const Buckets kStartSeconds = {0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60};
const Buckets kKillSeconds = {0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 15, 20, 30};
const Buckets kDownloadSeconds = {0.01, 0.1, 0.5, 1, 5, 15, 60, 300};
const Buckets kHandlerSeconds = {0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30};
const Buckets kDownloadBytes = {1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};

Family<Counter>& counters(Registry& registry, const char* name, const char* help) {
  return BuildCounter().Name(name).Help(help).Register(registry);
}

Counter& counter(Registry& registry, const char* name, const char* help) {
  return counters(registry, name, help).Add({});
}

// One for each value of an enumeration, from the start: a rate needs the zero before the first.
template <std::size_t N>
std::array<Counter*, N> counters_by(const char* label, const std::array<const char*, N>& values,
                                    Family<Counter>& family) {
  std::array<Counter*, N> all{};
  for (std::size_t i = 0; i < N; ++i) all[i] = &family.Add({{label, values[i]}});
  return all;
}

Family<Histogram>& histograms(Registry& registry, const char* name, const char* help) {
  return BuildHistogram().Name(name).Help(help).Register(registry);
}

Histogram& histogram(Registry& registry, const char* name, const char* help, const Buckets& buckets) {
  return histograms(registry, name, help).Add({}, buckets);
}

template <typename Enum>
constexpr std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

TaskMetrics::TaskMetrics(Registry& registry, const std::vector<std::string>& types)
    : received_(counters(registry, "porpoise_tasks_received_total", "Dispatches received.")),
      started_(counters(registry, "porpoise_tasks_started_total", "Tasks started.")),
      finished_(counters(registry, "porpoise_tasks_finished_total", "Tasks ended.")),
      queue_seconds_(histograms(registry, "porpoise_task_queue_seconds",
                                "From the dispatch to the order to launch it; its delay, if it has one, included.")),
      run_seconds_(histograms(registry, "porpoise_task_run_seconds", "From the start of a task to its end.")),
      adopted_(counters_by("outcome", kAdoptOutcomes,
                           counters(registry, "porpoise_adopted_tasks_total", "Tasks found after a restart."))),
      ack_seconds_(histogram(registry, "porpoise_result_ack_seconds",
                             "From the end of a task, or the worker's restart, until a master acknowledged it.",
                             kAckSeconds)),
      spawn_seconds_(histogram(registry, "porpoise_host_spawn_seconds", "Until a task host was there.", kSpawnSeconds)),
      start_seconds_(histogram(registry, "porpoise_host_start_seconds",
                               "From the order to launch a task until its host said that it has begun.",
                               kStartSeconds)),
      kill_seconds_(histogram(registry, "porpoise_kill_seconds", "From the order to the end.", kKillSeconds)),
      survivors_(counter(registry, "porpoise_kill_survivors_total", "Processes that SIGKILL did not end.")),
      hung_(counter(registry, "porpoise_hosts_hung_total", "Task hosts that did not answer and were ended.")),
      overloads_(counter(registry, "porpoise_overloads_total", "Times that a busy machine made tasks wait.")),
      full_(counter(registry, "porpoise_full_queue_rejections_total", "Dispatches refused: too many waited.")),
      types_(types, 0) {}

void TaskMetrics::received(std::string_view type) {
  const std::string label = types_.admit(type);
  received_.Add({{"type", label}}).Increment();
  started_.Add({{"type", label}});
  for (const char* const outcome : kTaskOutcomes) finished_.Add({{"type", label}, {"outcome", outcome}});
}

void TaskMetrics::started(std::string_view type, MetricSeconds queued) {
  const std::string label = types_.admit(type);
  started_.Add({{"type", label}}).Increment();
  queue_seconds_.Add({{"type", label}}, kQueueSeconds).Observe(queued.count());
}

void TaskMetrics::finished(std::string_view type, TaskOutcome outcome, MetricSeconds ran) {
  const prometheus::Labels labels = {{"type", types_.admit(type)}, {"outcome", kTaskOutcomes[index(outcome)]}};
  ran = std::max(ran, MetricSeconds(0));  // between two readings of a clock that may be set back
  finished_.Add(labels).Increment();
  run_seconds_.Add(labels, kRunSeconds).Observe(ran.count());
  const std::lock_guard lock(longest_mutex_);
  longest_run_.add(ran.count(), RecentMax::Clock::now());
}

void TaskMetrics::told(MetricSeconds took) { ack_seconds_.Observe(took.count()); }
void TaskMetrics::adopted(AdoptOutcome outcome) { adopted_[index(outcome)]->Increment(); }
void TaskMetrics::host_spawned(MetricSeconds took) { spawn_seconds_.Observe(took.count()); }
void TaskMetrics::host_started(MetricSeconds took) { start_seconds_.Observe(took.count()); }
void TaskMetrics::killed(MetricSeconds took) { kill_seconds_.Observe(took.count()); }
void TaskMetrics::survived(std::size_t processes) { survivors_.Increment(static_cast<double>(processes)); }
void TaskMetrics::host_hung() { hung_.Increment(); }
void TaskMetrics::overloaded() { overloads_.Increment(); }
void TaskMetrics::rejected_full() { full_.Increment(); }

double TaskMetrics::longest_run_seconds() {
  const std::lock_guard lock(longest_mutex_);
  return longest_run_.value(RecentMax::Clock::now());
}

MessageMetrics::MessageMetrics(Registry& registry)
    : sends_(counters_by("outcome", kSendOutcomes,
                         counters(registry, "porpoise_message_sends_total", "Messages to masters, each try."))),
      acknowledged_(counter(registry, "porpoise_messages_acknowledged_total", "Messages that a master confirmed.")),
      dropped_(counter(registry, "porpoise_messages_dropped_total", "Messages given up without confirmation.")),
      frames_(counters(registry, "porpoise_frames_total", "Frames received.")),
      rejections_(
          counters_by("reason", kRejections, counters(registry, "porpoise_frames_rejected_total", "Frames refused."))),
      log_requests_(counters(registry, "porpoise_log_requests_total", "Requests for task logs.")),
      sessions_expired_(
          counter(registry, "porpoise_registry_session_expired_total", "Sessions that the registry ended.")),
      commands_({}, kMaxCommands) {}

void MessageMetrics::sent(SendOutcome outcome) { sends_[index(outcome)]->Increment(); }
void MessageMetrics::acknowledged() { acknowledged_.Increment(); }
void MessageMetrics::dropped() { dropped_.Increment(); }
void MessageMetrics::frame(std::string_view command) {
  frames_.Add({{"command", commands_.admit(command)}}).Increment();
}
void MessageMetrics::rejected(FrameRejection reason) { rejections_[index(reason)]->Increment(); }
void MessageMetrics::log_request(std::string_view command) {
  log_requests_.Add({{"command", commands_.admit(command)}}).Increment();
}
void MessageMetrics::session_expired() { sessions_expired_.Increment(); }

ResourceMetrics::ResourceMetrics(Registry& registry)
    : downloads_(counters_by("outcome", kDownloadOutcomes,
                             counters(registry, "porpoise_resource_downloads_total", "Resource files fetched."))),
      seconds_(histogram(registry, "porpoise_resource_download_seconds", "Time to fetch a file.", kDownloadSeconds)),
      bytes_(histogram(registry, "porpoise_resource_download_bytes", "Sizes of fetched files.", kDownloadBytes)) {}

void ResourceMetrics::downloaded(MetricSeconds took, std::uint64_t bytes) {
  downloads_[0]->Increment();
  seconds_.Observe(took.count());
  bytes_.Observe(static_cast<double>(bytes));
}
void ResourceMetrics::download_failed() { downloads_[1]->Increment(); }

LoopMetrics::LoopMetrics(Registry& registry)
    : seconds_(histograms(registry, "porpoise_loop_handler_seconds", "How long a handler held the control loop.")) {}

void LoopMetrics::handled(const std::string& handler, MetricSeconds took) {
  const std::lock_guard lock(mutex_);
  auto found = handlers_.find(handler);
  if (found == handlers_.end())
    found = handlers_.emplace(handler, Handler{&seconds_.Add({{"handler", handler}}, kHandlerSeconds)}).first;
  found->second.seconds->Observe(took.count());
  found->second.longest = std::max(found->second.longest, took.count());
}

std::vector<MetricFamily> LoopMetrics::longest() {
  const std::lock_guard lock(mutex_);
  std::vector<prometheus::ClientMetric> metrics;
  for (const auto& [name, handler] : handlers_) metrics.push_back(labelled("handler", name, handler.longest));
  return {gauge("porpoise_loop_handler_longest_seconds", "The longest call of a handler since the start.",
                std::move(metrics))};
}

Metrics::Metrics(const std::vector<std::string>& task_types)
    : registry_(std::make_unique<Registry>()),
      tasks(*registry_, task_types),
      messages(*registry_),
      resources(*registry_),
      loop(*registry_) {}

Metrics::~Metrics() = default;

std::string Metrics::scrape(const WorkerGauges& levels) {
  std::vector<MetricFamily> families = registry_->Collect();
  const auto append = [&](std::vector<MetricFamily> more) {
    std::move(more.begin(), more.end(), std::back_inserter(families));
  };
  append(ds_families(families));
  append(level_families(levels, tasks.types()));
  append(loop.longest());
  append(process_.collect());
  families.push_back(gauge("ds_task_execution_duration_seconds_max", "Longest of the last minute or two.",
                           tasks.longest_run_seconds()));
  families.push_back(gauge("porpoise_build_info", "Always 1.", 1));
  families.back().metric.front().label.push_back({"version", PORPOISE_VERSION});

  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace porpoise
