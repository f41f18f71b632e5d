// What a requester (the worker, replay) asks of a task host, and what the host answers: the contract between them.
//
// Values with a JSON form (`request.json`, `result.json` in the task's state folder). Version 1; readers ignore unknown
// members, so that a daemon and a host of different builds understand each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/property.h"
#include "model/resource_order.h"

namespace porpoise {

struct TaskRequest {
  // Identity (3.1 `TaskExecutionContext`).
  std::int64_t task_instance_id = 0;
  std::string task_name;
  std::string task_type;
  std::int64_t process_instance_id = 0;
  std::int64_t process_define_code = 0;
  std::int64_t process_define_version = 1;
  std::int64_t project_code = 0;
  std::string tenant_code;    // as the master names it
  std::string run_as;         // the user that plugin and processes become; empty: the host's own
  bool no_new_privs = false;  // no setuid program makes them more than that user
  // What a task that runs as its host's own user is kept out of, except its working directory and its log: the state of
  // the worker, logs, configuration with secrets (process/confinement.h).
  std::vector<std::string> hidden_paths;
  int attempt = 1;  // 1-based

  // What to run.
  std::string plugin;                   // path of the shared library
  std::string task_params;              // JSON text as in the definition, placeholders not yet replaced
  Json plugin_config = Json::object();  // the plugin's section of the configuration
  PropertyMap prepare_params;           // prepareParamsMap: every resolved parameter
  PropertyList global_params;           // SWITCH sees globals and varPool apart
  PropertyList var_pool;                // handed over by upstream tasks, all IN
  std::string app_ids;                  // non-empty: remote jobs of an earlier host, comma-separated
  std::string schedule_time;            // yyyyMMddHHmmss or empty; base of $[…] when no system.datetime is given
  bool dry_run = false;
  // Fetched into the working directory first. The JSON form has the names alone: the plugin sees it.
  ResourceOrder resources;

  // Where and how.
  std::string execute_path;         // working directory: created empty, removed at the end unless keep_execute_path
  std::string log_path;             // task log, appended to
  std::uint64_t log_max_bytes = 0;  // of it, what earlier attempts wrote included; 0: no limit
  std::string time_zone;            // IANA name; empty: TZ or the host's zone
  std::string environment_config;   // shell lines of the chosen environment, may be empty
  std::string env_file;             // sourced when environment_config is blank (§6.1); may be empty
  bool keep_execute_path = false;
  bool keep_leftovers = false;                      // what the task left running when it is SUCCESS lives on
  std::chrono::milliseconds timeout{0};             // 0: none
  std::chrono::milliseconds kill_grace{10000};      // between SIGTERM and SIGKILL
  std::uint64_t plugin_memory_bytes = 1ULL << 30U;  // cap of the plugin's own process, not of its children; 0: none

  // 3.1 `taskAppId`: "<processInstanceId>_<taskInstanceId>", the stem of script file names.
  std::string task_app_id() const;
  // 3.1 does not in a dry run.
  bool fetches_resources() const { return !resources.files.empty() && !dry_run; }
};

enum class TaskState { kSuccess, kFailure, kKill };  // 7, 6, 9 of 3.1 `TaskExecutionStatus`
std::string_view to_string(TaskState state);         // "SUCCESS", "FAILURE", "KILL"
int status_code(TaskState state);
TaskState task_state(int status_code);  // of a code that is none of these, kFailure

// The branch a SWITCH chose.
struct Branch {
  int index = 0;          // 0-based position in dependTaskList; its size for the default branch
  std::string next_node;  // JSON text of nextNode: a task code or a list of them

  friend bool operator==(const Branch&, const Branch&) = default;
};

// A file of the resource centre that was fetched.
struct FetchedResource {
  std::uint64_t bytes = 0;
  std::chrono::milliseconds took{0};

  friend bool operator==(const FetchedResource&, const FetchedResource&) = default;
};

// What the task wants people to be told when it has ended.
struct TaskAlert {
  std::int32_t group_id = 0;
  std::string title;
  std::string content;

  friend bool operator==(const TaskAlert&, const TaskAlert&) = default;
};

struct TaskResult {
  std::int64_t task_instance_id = 0;
  TaskState state = TaskState::kFailure;
  int exit_code = -1;   // of the script, 128+n for signal n; -1 when there was none
  std::string message;  // one line for people: why it failed, or empty
  bool timed_out = false;
  std::int64_t start_time_ms = 0;  // epoch
  std::int64_t end_time_ms = 0;
  std::int64_t process_id = 0;  // of the first child, 0 if none
  std::string app_ids;          // comma-separated remote job ids
  PropertyList var_pool;        // incoming IN entries, then the OUT entries of this task (§5.8)
  std::optional<Branch> branch;
  std::vector<FetchedResource> fetched;
  bool fetch_failed = false;  // one resource could not be had, which ended the task
  std::size_t survivors = 0;  // processes of it that SIGKILL did not end; the message names them
  std::optional<TaskAlert> alert;
  bool fenced = false;  // its host ended it, as the worker was away for longer than its session lasts
};

// What the local parameter `porpoise.leftovers` says of a task: `keep` or `end`; without it `by_default` holds.
Result<bool> keeps_leftovers(const PropertyList& local_params, bool by_default);

Json to_json(const TaskRequest& request);
Result<TaskRequest> task_request_from_json(const Json& json);
Json to_json(const TaskResult& result);
Result<TaskResult> task_result_from_json(const Json& json);

}  // namespace porpoise
