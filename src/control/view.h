// What a worker shows of itself: to `porpoise ps`, `status` and `why` through the control socket, and to browsers and
// scripts over HTTP. One set of JSON and of words for all of them.
//
// Values and pure functions, for any thread; what is in WorkerView is gathered on the control thread, from memory alone
// (worker/daemon.cc). Whoever shows CPU, memory or free space reads that on its own: of `hostPid`, and of `folders`.
// Members may be added to the JSON, and none changes its meaning within porpoise.control/1. Times are epoch
// milliseconds, spans milliseconds; what is not known is absent.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/view.h"

namespace porpoise {

inline constexpr const char* kControlProtocol = "porpoise.control/1";

struct WorkerView {
  Moment now;
  std::string version;
  pid_t pid = 0;
  std::int64_t start_time_ms = 0;
  std::string address;  // as registered
  std::string listen;
  std::string http;  // empty: none
  std::string zookeeper;
  std::string zookeeper_namespace;
  std::string data_dir;
  std::string log_dir;
  bool connected = false;  // to a server of ZooKeeper
  EngineView engine;
  std::string overload;  // why heartbeats say that no task is wanted, with limit and value; empty: nothing
  std::map<std::int64_t, pid_t> hosts;  // task instance -> its task host
  std::size_t incoming_connections = 0;
  std::size_t master_connections = 0;
  std::size_t alert_connections = 0;
  std::map<std::string, std::size_t> hung_calls;  // by what they were for
  std::vector<std::string> problems;              // the last warnings and errors of its log, newest last
};

// {"protocol":…,"version":…,"pid":…,"address":…,"state":"working",…,"slots":{"total":…,"used":…},…}.
OrderedJson status_json(const WorkerView& view);

// {"protocol":…,"time":…,"tasks":[{"id":…,"state":"waiting","says":"waits: 2 of 2 slots",…},…]}, by id.
OrderedJson tasks_json(const WorkerView& view);
OrderedJson task_json(const WorkerView& view, const TaskView& task);

// "storing", "waiting", "running", "ending", "ended".
const char* state_of(const TaskView& task);
// The same for people, with what it waits for: "waits: 2 of 2 slots", "ending: kill asked 4 s ago by master m:5678".
std::string state_in_words(const EngineView& engine, const TaskView& task, Moment now);

// "starting", "working", "fencing", "draining", "leaving", "ending", "gone".
const char* name_of(WorkerStage stage);

// "4 s", "3 min", "2 h 5 min", "3 d 4 h".
std::string span_in_words(std::int64_t ms);

}  // namespace porpoise
