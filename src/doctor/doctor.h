// `porpoise doctor`: looks at what a worker of this configuration would need on this machine and of its cluster, and
// says what is missing and what mends it. It starts no worker, takes no task, and leaves nothing behind.
//
// Values and free functions, called by cli/doctor.cc on the main thread. Each check has a thread and a deadline of its
// own, so that a file system, a name service or a server that hangs costs its own line and no other.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "config/worker_settings.h"

namespace porpoise {

enum class Verdict {
  kOk,
  kWarning,  // a worker starts, and something that people count on does not work
  kFault,    // a worker does not start or does not register, or tasks fail
};

struct Finding {
  Verdict verdict = Verdict::kOk;
  std::string area;  // "ZooKeeper", "data folder"
  std::string what;
  std::string mend = {};  // of all but kOk: what to do
};
using Findings = std::vector<Finding>;

struct Patient {
  ResolvedSettings settings;
  Variables environment;  // of the process: where Kubernetes shows itself
  std::vector<std::filesystem::path> plugin_folders;
};

struct DoctorLimits {
  std::chrono::milliseconds zookeeper{8'000};  // until there is a session
  std::chrono::milliseconds check{25'000};     // of each check as a whole: what asks the cluster asks several parties
  std::chrono::milliseconds program{5'000};    // sudo, bash
};

struct Diagnosis {
  Findings findings;     // in the order of the checks
  bool is_hung = false;  // a check has not come back: its thread is still there
};

// Changes the time zone of the process to that of the settings; call it before there are other threads.
Diagnosis examine(const Patient& patient, const DoctorLimits& limits = {});

Verdict worst_of(const Findings& findings);

// "ok", "warning", "FAULT".
const char* word_for(Verdict verdict);

// --- The checks, for doctor.cc and tests. Each may block; any thread.

// The session, the ACL, the clocks of servers and masters, and how masters reach this worker: cluster_checks.cc.
Findings check_cluster(const Patient& patient, const DoctorLimits& limits);

// In machine_checks.cc. `key`: the setting that names it.
Findings check_folder(const std::string& area, const std::string& key, const std::filesystem::path& folder);
Findings check_tenants(const Patient& patient, const DoctorLimits& limits);
Findings check_kernel();
Findings check_plugins(const Patient& patient);
Findings check_configuration(const Patient& patient);
Findings check_env_file(const std::filesystem::path& file, const DoctorLimits& limits);
Findings check_time_zone(const std::string& zone);

// What the clock of a master says beside ours. `diff_ms`: ours minus theirs. A whole number of quarters of an hour is a
// clock that was set to local time. Pure.
Finding judge_clock(const std::string& whose, std::int64_t diff_ms);

}  // namespace porpoise
