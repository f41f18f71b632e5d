// What the worker counts, as Prometheus scrapes it: under porpoise's own names and those of the Java worker (ds_*).
//
// One, owned by Daemon and passed by reference. Counting may be done on any thread and costs about a microsecond; what
// has a level instead of a count (how many run, wait, are connected) is told when it is scraped, so that it cannot
// drift.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "observe/gauges.h"

namespace prometheus {
class Counter;
class Histogram;
class Registry;
template <typename T>
class Family;
}  // namespace prometheus

namespace porpoise {

using MetricSeconds = std::chrono::duration<double>;

enum class TaskOutcome { kSuccess, kFailure, kKill };
// Of a task that was here before a restart.
enum class AdoptOutcome {
  kRunning,   // its host lives
  kFinished,  // its result is there
  kLost,
};
enum class SendOutcome { kSent, kUnreachable };
enum class FrameRejection {
  kMalformed,   // no frame of this protocol, or one that claims too much
  kBody,        // a frame whose body makes no sense
  kUnexpected,  // a command that no worker serves
  kPeer,        // from an address that may not ask
  kDeadline,    // its rest did not come in time
};

class TaskMetrics {
 public:
  // `types`: what a type may be called as a label. Whatever else masters write is "other": each costs a server some
  // sixty time series.
  TaskMetrics(prometheus::Registry& registry, const std::vector<std::string>& types);

  // `type`: the task type, as the master wrote it.
  void received(std::string_view type);
  void started(std::string_view type, MetricSeconds queued);  // from the dispatch to the order to launch it
  void finished(std::string_view type, TaskOutcome outcome, MetricSeconds ran);
  void told(MetricSeconds took);  // from its end until a master acknowledged it
  void adopted(AdoptOutcome outcome);
  void host_spawned(MetricSeconds took);
  void host_started(MetricSeconds took);  // from the order to launch it until the host said that it has begun
  void killed(MetricSeconds took);        // from the order until nothing of the task lived, or could be ended
  void survived(std::size_t processes);   // the end of their task, whatever that was, and SIGKILL
  void host_hung();                       // a task host did not answer and was ended
  void overloaded();                      // a task waits since the machine is busy
  void rejected_full();                   // a dispatch was refused: too many wait

  LabelValues& types() { return types_; }
  double longest_run_seconds();  // of those that ended in the last minute or two

 private:
  prometheus::Family<prometheus::Counter>& received_;
  prometheus::Family<prometheus::Counter>& started_;
  prometheus::Family<prometheus::Counter>& finished_;
  prometheus::Family<prometheus::Histogram>& queue_seconds_;
  prometheus::Family<prometheus::Histogram>& run_seconds_;
  std::array<prometheus::Counter*, 3> adopted_;
  prometheus::Histogram& ack_seconds_;
  prometheus::Histogram& spawn_seconds_;
  prometheus::Histogram& start_seconds_;
  prometheus::Histogram& kill_seconds_;
  prometheus::Counter& survivors_;
  prometheus::Counter& hung_;
  prometheus::Counter& overloads_;
  prometheus::Counter& full_;
  LabelValues types_;
  std::mutex longest_mutex_;
  RecentMax longest_run_;
};

class MessageMetrics {
 public:
  explicit MessageMetrics(prometheus::Registry& registry);

  void sent(SendOutcome outcome);  // to a master, each try
  void acknowledged();
  void dropped();  // given up: no master acknowledged it
  // `command`: its name in 3.1 `CommandType`.
  void frame(std::string_view command);
  void rejected(FrameRejection reason);
  void log_request(std::string_view command);
  void session_expired();  // of the registry

 private:
  std::array<prometheus::Counter*, 2> sends_;
  prometheus::Counter& acknowledged_;
  prometheus::Counter& dropped_;
  prometheus::Family<prometheus::Counter>& frames_;
  std::array<prometheus::Counter*, 5> rejections_;
  prometheus::Family<prometheus::Counter>& log_requests_;
  prometheus::Counter& sessions_expired_;
  LabelValues commands_;
};

class ResourceMetrics {
 public:
  explicit ResourceMetrics(prometheus::Registry& registry);

  void downloaded(MetricSeconds took, std::uint64_t bytes);
  void download_failed();

 private:
  std::array<prometheus::Counter*, 2> downloads_;
  prometheus::Histogram& seconds_;
  prometheus::Histogram& bytes_;
};

// Handlers of the control loop; see LoopMonitor.
class LoopMetrics {
 public:
  explicit LoopMetrics(prometheus::Registry& registry);

  // `handler`: one of a few names.
  void handled(const std::string& handler, MetricSeconds took);
  // The longest call of each since the start.
  std::vector<prometheus::MetricFamily> longest();

 private:
  struct Handler {
    prometheus::Histogram* seconds;
    double longest = 0;
  };
  prometheus::Family<prometheus::Histogram>& seconds_;
  std::mutex mutex_;
  std::map<std::string, Handler> handlers_;
};

class Metrics {
 private:
  std::unique_ptr<prometheus::Registry> registry_;  // first: the others count in it

 public:
  // `task_types`: those of the catalog.
  explicit Metrics(const std::vector<std::string>& task_types = {});
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;
  ~Metrics();

  TaskMetrics tasks;
  MessageMetrics messages;
  ResourceMetrics resources;
  LoopMetrics loop;

  // Everything, in version 0.0.4 of the text format.
  std::string scrape(const WorkerGauges& levels);

 private:
  ProcessMetrics process_;
};

}  // namespace porpoise
