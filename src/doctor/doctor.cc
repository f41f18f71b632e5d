#include "doctor/doctor.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <iterator>
#include <utility>

#include "base/blocking_calls.h"
#include "base/result.h"

namespace porpoise {
namespace {

struct Check {
  std::string area;
  std::string mend;  // when it hangs
  std::function<Findings()> run;
};

std::vector<Check> checks_of(const Patient& patient, const DoctorLimits& limits) {
  const WorkerConfig& config = patient.settings.config;
  return {
      {"configuration", "look at the disks that have the files", [=] { return check_configuration(patient); }},
      {"ZooKeeper", "look at the name service, and at the network to the servers",
       [=] { return check_cluster(patient, limits); }},
      {"data folder", "mend the file system, or choose another one with the key 'data-dir'",
       [=] { return check_folder("data folder", "data-dir", config.data_dir); }},
      {"log folder", "mend the file system, or choose another one with the key 'log-dir'",
       [=] { return check_folder("log folder", "log-dir", config.log_dir); }},
      {"tenants", "look at the name service (/etc/nsswitch.conf, sssd, nscd)",
       [=] { return check_tenants(patient, limits); }},
      {"kernel", "look at /sys/fs/cgroup", [] { return check_kernel(); }},
      {"plugins", "look at the disk that has them", [=] { return check_plugins(patient); }},
      {"env-file", "look at the disk that has it", [=] { return check_env_file(config.env_file, limits); }},
  };
}

}  // namespace

Diagnosis examine(const Patient& patient, const DoctorLimits& limits) {
  Diagnosis diagnosis;
  diagnosis.findings = check_time_zone(patient.settings.config.time_zone);
  const std::vector<Check> checks = checks_of(patient, limits);
  std::vector<Findings> found(checks.size());
  boost::asio::io_context io(1);
  BlockingCalls calls(io,
                      {.threads = checks.size(), .max_hung = checks.size(), .last_wait = std::chrono::milliseconds(0)});
  std::size_t open = checks.size();
  for (std::size_t i = 0; i < checks.size(); ++i) {
    const Check& check = checks[i];
    calls.call(
        "the check", limits.check, [run = check.run]() -> Result<Findings> { return run(); },
        [&, i](Result<Findings> result) {
          if (!result) {
            found[i] = {{Verdict::kFault, checks[i].area, result.error().to_string(), checks[i].mend}};
            diagnosis.is_hung = true;
          } else {
            found[i] = *std::move(result);
          }
          if (--open == 0) io.stop();
        });
  }
  const auto work = boost::asio::make_work_guard(io);
  io.run();
  for (Findings& part : found) std::move(part.begin(), part.end(), std::back_inserter(diagnosis.findings));
  return diagnosis;
}

Verdict worst_of(const Findings& findings) {
  Verdict worst = Verdict::kOk;
  for (const Finding& finding : findings) worst = std::max(worst, finding.verdict);
  return worst;
}

const char* word_for(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk: return "ok";
    case Verdict::kWarning: return "warning";
    case Verdict::kFault: return "FAULT";
  }
  return "";
}

}  // namespace porpoise
