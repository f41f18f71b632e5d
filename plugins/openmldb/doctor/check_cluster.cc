#include <chrono>

#include "openmldb/doctor/checks.h"
#include "openmldb/doctor/cluster_view.h"
#include "openmldb/doctor/reach.h"

namespace porpoise::openmldb {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kZookeeperLimit{5000};  // more than one attempt at a server that hangs
constexpr milliseconds kReachLimit{3000};

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

Finding no_cluster(const Patient& patient, const ClusterView& view) {
  Finding finding{Level::kFault, "path", "there is no OpenMLDB cluster below " + patient.zk_path + " in this ZooKeeper",
                  "give the --zk_root_path of the cluster's servers as zkPath"};
  if (!view.others.empty()) finding.fix += "; there is one below " + joined(view.others);
  return finding;
}

bool check_server(std::string part, const std::string& endpoint, const std::string& detail, std::string fix,
                  Findings& findings) {
  if (const Status reached = reach(endpoint, kReachLimit); !reached) {
    findings.push_back({Level::kFault, std::move(part),
                        endpoint + " is registered but cannot be reached: " + reached.error().to_string(),
                        std::move(fix)});
    return false;
  }
  findings.push_back({Level::kOk, std::move(part), endpoint + detail});
  return true;
}

bool check_nameserver(const ClusterView& view, Findings& findings) {
  if (view.nameservers.empty()) {
    findings.push_back(
        {Level::kFault, "nameserver", "none is registered", "start the nameserver; nothing works without"});
    return false;
  }
  const std::size_t others = view.nameservers.size() - 1;
  return check_server("nameserver", view.nameservers.front(),
                      " leads" + (others > 0 ? ", " + std::to_string(others) + " more stand by" : std::string()),
                      "start the nameserver there, or let this machine reach that address", findings);
}

void check_taskmanager(const ClusterView& view, Findings& findings) {
  if (view.taskmanager.empty()) {
    findings.push_back({Level::kFault, "TaskManager", "none is registered",
                        "start the TaskManager; without it LOAD DATA and all offline work fail"});
    return;
  }
  check_server("TaskManager", view.taskmanager, "",
               "start the TaskManager there, or let this machine reach that address; until then LOAD DATA and all "
               "offline work fail",
               findings);
}

void check_tablets(const ClusterView& view, Findings& findings) {
  if (view.tablets.empty()) {
    findings.push_back(
        {Level::kFault, "tablet", "none is registered", "start the tablets; they hold the tables, also that of jobs"});
    return;
  }
  for (const std::string& tablet : view.tablets)
    check_server("tablet", tablet, "", "start the tablet there, or let this machine reach that address", findings);
}

}  // namespace

bool check_cluster(const Patient& patient, Findings& findings) {
  const auto view = look_at_cluster(patient.zk, patient.zk_path, patient.config.zk_cert, kZookeeperLimit);
  if (!view) {
    findings.push_back(
        {Level::kFault, "ZooKeeper", view.error().to_string(), "correct the addresses, or start ZooKeeper"});
    return false;
  }
  findings.push_back({Level::kOk, "ZooKeeper", patient.zk});
  if (!view->exists) {
    findings.push_back(no_cluster(patient, *view));
    return false;
  }
  findings.push_back({Level::kOk, "path", patient.zk_path + ", tables: " + std::to_string(view->tables)});
  const bool has_nameserver = check_nameserver(*view, findings);
  check_taskmanager(*view, findings);
  check_tablets(*view, findings);
  return has_nameserver;
}

}  // namespace porpoise::openmldb
