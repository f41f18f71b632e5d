#include "openmldb/doctor/checks.h"
#include "openmldb/doctor/doctor_host.h"
#include "openmldb/rest_driver.h"

namespace porpoise::openmldb {

void check_apiserver(const Patient& patient, Findings& findings) {
  if (!patient.apiserver) {
    findings.push_back(
        {Level::kNote, "APIServer", "not used; plugins.OPENMLDB.apiservers in porpoise.yaml would name one"});
    return;
  }
  const DoctorHost host(patient.folder, "");
  Config config = patient.config;
  config.retry = std::chrono::milliseconds(0);
  const auto databases = RestDriver(host.host(), *patient.apiserver, config).databases();
  if (databases) {
    findings.push_back(
        {Level::kOk, "APIServer", *patient.apiserver + ", databases: " + std::to_string(databases->size())});
    return;
  }
  const bool is_away = databases.error().error.code() == ErrorCode::kUnavailable && !databases.error().may_have_run;
  findings.push_back({Level::kFault, "APIServer", *patient.apiserver + ": " + databases.error().error.to_string(),
                      is_away ? "start the APIServer there, or correct plugins.OPENMLDB.apiservers in porpoise.yaml"
                              : "correct plugins.OPENMLDB.apiservers in porpoise.yaml, or look at that server's log"});
}

}  // namespace porpoise::openmldb
