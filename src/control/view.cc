#include "control/view.h"

#include <algorithm>
#include <utility>

namespace porpoise {
namespace {

std::string ordinal(int n) {
  const int tens = n % 100;
  const bool is_teen = tens >= 11 && tens <= 13;
  const char* const ending = is_teen || n % 10 > 3 || n % 10 == 0 ? "th"
                             : n % 10 == 1                        ? "st"
                             : n % 10 == 2                        ? "nd"
                                                                  : "rd";
  return std::to_string(n) + ending;
}

std::string wait_in_words(const EngineView& engine, const TaskView& task, Moment now) {
  switch (task.waits_for) {
    case WaitsFor::kDisk: return "waits: its dispatch is being written to the data folder";
    case WaitsFor::kDelay: return "waits: delayed for another " + span_in_words(task.due_mono_ms - now.mono_ms);
    case WaitsFor::kSlot: {
      const std::string slots = std::to_string(engine.running) + " of " + std::to_string(engine.slots) + " slots";
      return "waits: " + slots + (task.place > 0 ? ", " + ordinal(static_cast<int>(task.place)) + " in the queue" : "");
    }
    case WaitsFor::kSession: return "waits: the worker is not registered in ZooKeeper";
    case WaitsFor::kOrder: return "waits: the worker starts nothing any more";
    case WaitsFor::kNothing: break;
  }
  return "starts";
}

std::string end_in_words(const TaskView& task, Moment now) {
  std::string ended = "ended: " + std::string(to_string(task_state(task.status)));
  if (!task.untold) return ended;
  const std::string master = task.master.empty() ? "a master that is not known yet" : "master " + task.master;
  if (task.untold->unreachable > 0)
    return ended + "; " + master + " cannot be reached since " +
           span_in_words(now.mono_ms - task.untold->since_mono_ms);
  return ended + "; tells " + master + ", " + ordinal(std::max(task.untold->sent, 1)) + " time";
}

OrderedJson untold_json(const Outbox::Standing& untold, Moment now) {
  const char* const kind = untold.kind == MessageKind::kResult    ? "RESULT"
                           : untold.kind == MessageKind::kRunning ? "RUNNING"
                                                                  : "REJECT";
  return {{"message", kind},
          {"sent", untold.sent},
          {"unreachable", untold.unreachable},
          {"age", now.mono_ms - untold.since_mono_ms},
          {"nextIn", std::max<std::int64_t>(untold.due_mono_ms - now.mono_ms, 0)}};
}

void add_text(OrderedJson& json, const char* key, const std::string& text) {
  if (!text.empty()) json[key] = text;
}

}  // namespace

std::string span_in_words(std::int64_t ms) {
  const std::int64_t s = std::max<std::int64_t>(ms, 0) / 1000;
  const std::int64_t minutes = s / 60, hours = minutes / 60, days = hours / 24;
  if (s < 60) return std::to_string(s) + " s";
  if (minutes < 60) return std::to_string(minutes) + " min";
  if (hours < 24) return std::to_string(hours) + " h " + std::to_string(minutes % 60) + " min";
  return std::to_string(days) + " d " + std::to_string(hours % 24) + " h";
}

const char* name_of(WorkerStage stage) {
  switch (stage) {
    case WorkerStage::kStarting: return "starting";
    case WorkerStage::kWorking: return "working";
    case WorkerStage::kFencing: return "fencing";
    case WorkerStage::kDraining: return "draining";
    case WorkerStage::kLeaving: return "leaving";
    case WorkerStage::kEnding: return "ending";
    case WorkerStage::kGone: return "gone";
  }
  return "";
}

const char* state_of(const TaskView& task) {
  switch (task.phase) {
    case TaskPhase::kStoring: return "storing";
    case TaskPhase::kWaiting: return "waiting";
    case TaskPhase::kRunning: return task.end_asked_mono_ms || task.abandoned ? "ending" : "running";
    case TaskPhase::kEnded: return "ended";
  }
  return "";
}

std::string state_in_words(const EngineView& engine, const TaskView& task, Moment now) {
  switch (task.phase) {
    case TaskPhase::kStoring:
    case TaskPhase::kWaiting: return wait_in_words(engine, task, now);
    case TaskPhase::kEnded: return end_in_words(task, now);
    case TaskPhase::kRunning: break;
  }
  if (task.end_asked_mono_ms)
    return "ending: asked " + span_in_words(now.mono_ms - *task.end_asked_mono_ms) + " ago" +
           (task.end_asked_by.empty() ? "" : " by " + task.end_asked_by);
  if (task.abandoned) return "ending: given up, its masters run it elsewhere";
  // Of one that was taken over from an earlier run of the worker, since then.
  const std::int64_t ran = task.start_time_ms > 0 ? now.wall_ms - task.start_time_ms : now.mono_ms - task.since_mono_ms;
  return (task.start_time_ms > 0 ? "runs " : "runs, taken over ") + span_in_words(ran) +
         (task.start_time_ms > 0 ? "" : " ago");
}

OrderedJson task_json(const WorkerView& view, const TaskView& task) {
  const Moment now = view.now;
  OrderedJson json = {{"id", task.id},
                      {"state", state_of(task)},
                      {"says", state_in_words(view.engine, task, now)},
                      {"since", now.wall_ms - (now.mono_ms - task.since_mono_ms)}};
  if (task.process_instance_id != 0) json["workflowInstance"] = task.process_instance_id;
  if (task.process_define_code != 0) {
    json["workflowCode"] = task.process_define_code;
    json["workflowVersion"] = task.process_define_version;
  }
  add_text(json, "name", task.name);
  add_text(json, "type", task.type);
  add_text(json, "tenant", task.tenant);
  add_text(json, "master", task.master);
  if (task.start_time_ms > 0) json["startTime"] = task.start_time_ms;
  if (task.place > 0) json["place"] = task.place;
  if (task.waits_for == WaitsFor::kDelay) json["dueIn"] = std::max<std::int64_t>(task.due_mono_ms - now.mono_ms, 0);
  if (task.end_asked_mono_ms) json["endAsked"] = now.wall_ms - (now.mono_ms - *task.end_asked_mono_ms);
  add_text(json, "endAskedBy", task.end_asked_by);
  if (task.abandoned) json["abandoned"] = true;
  if (task.phase == TaskPhase::kEnded && task.status != 0) json["status"] = task.status;
  if (task.untold) json["unacknowledged"] = untold_json(*task.untold, now);
  add_text(json, "appIds", task.app_ids);
  if (const auto host = view.hosts.find(task.id); host != view.hosts.end()) json["hostPid"] = host->second;
  add_text(json, "log", task.log_path);
  return json;
}

OrderedJson tasks_json(const WorkerView& view) {
  OrderedJson tasks = OrderedJson::array();
  for (const TaskView& task : view.engine.tasks) tasks.push_back(task_json(view, task));
  return {{"protocol", kControlProtocol}, {"time", view.now.wall_ms}, {"tasks", std::move(tasks)}};
}

OrderedJson status_json(const WorkerView& view) {
  const EngineView& engine = view.engine;
  OrderedJson json = {
      {"protocol", kControlProtocol},    {"time", view.now.wall_ms}, {"version", view.version}, {"pid", view.pid},
      {"startTime", view.start_time_ms}, {"address", view.address},  {"listen", view.listen}};
  add_text(json, "http", view.http);
  json["state"] = name_of(engine.stage);
  if (engine.limit_mono_ms) json["endsIn"] = std::max<std::int64_t>(*engine.limit_mono_ms - view.now.mono_ms, 0);
  json["session"] = {{"zookeeper", view.zookeeper},
                     {"namespace", view.zookeeper_namespace},
                     {"connected", view.connected},
                     {"registered", engine.registered}};
  json["slots"] = {{"total", engine.slots}, {"used", engine.running}};
  json["waiting"] = engine.waiting;
  json["storing"] = engine.storing;
  json["maxWaiting"] = engine.max_waiting;
  json["dispatchBytes"] = {{"held", engine.task_bytes}, {"max", engine.max_task_bytes}};
  json["unacknowledged"] = {{"messages", engine.unacknowledged}, {"oldestAge", engine.oldest_unacknowledged_ms}};
  json["overload"] = view.overload;
  json["storageWorks"] = engine.storage_works;
  json["connections"] = {{"incoming", view.incoming_connections},
                         {"masters", view.master_connections},
                         {"alertServer", view.alert_connections}};
  json["hungCalls"] = view.hung_calls;
  json["folders"] = {{"data", view.data_dir}, {"log", view.log_dir}};
  json["problems"] = view.problems;
  return json;
}

}  // namespace porpoise
