// porpoise doctor openmldb: what of a cluster can be reached from here, what a task would use, and what mends the rest.
//
// A program of its own, as `porpoise` knows nothing of what its plugins talk to; it uses the plugin's own drivers.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "openmldb/doctor/checks.h"
#include "script_file/script_task.h"

namespace porpoise::openmldb {
namespace {

enum ExitCode : int { kOk = 0, kUsage = 2, kEnvironment = 3 };

constexpr const char* kExamples = R"(Examples:
  porpoise doctor openmldb --zk zk1:2181,zk2:2181 --zk-path /openmldb
  porpoise doctor openmldb --zk zk1:2181 --zk-path /openmldb --python /opt/openmldb/bin/python3
  porpoise doctor openmldb --zk zk1:2181 --zk-path /openmldb --driver sdk --env-file env.sh --json

It changes nothing in the cluster. Exit codes: 0 tasks can run, 2 wrong options, 3 something is missing.)";

struct Options {
  std::string zk, zk_path, config_file, python, env_file, driver = "auto";
  bool json = false;
};

std::string_view environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

int print_error(const Error& error, int exit_code) {
  std::fprintf(stderr, "porpoise: %s\n", error.to_string().c_str());
  return exit_code;
}

Result<Patient> make_patient(const Options& options) {
  Patient patient;
  patient.zk = trimmed(options.zk);
  patient.zk_path = normal_path(options.zk_path);
  PORPOISE_TRY(const porpoise::Config file,
               options.config_file.empty()
                   ? find_config(config_search_path(environment("XDG_CONFIG_HOME"), environment("HOME")))
                   : load_config(options.config_file));
  PORPOISE_TRY(patient.config, parse_config(dump_json(file.plugin("OPENMLDB"))));
  PORPOISE_TRY(const DriverKind driver, parse_driver("--driver", options.driver));
  PORPOISE_TRY(patient.apiserver, choose_way(patient.config, driver, patient.zk, patient.zk_path));
  using script_file::quote;
  if (!options.env_file.empty()) patient.environment += "source " + quote(options.env_file) + "\n";
  if (!options.python.empty()) patient.environment += "export PYTHON_HOME=" + quote(options.python) + "\n";
  return patient;
}

Findings examine(const Patient& patient) {
  Findings findings;
  const bool connects = check_cluster(patient, findings);
  check_apiserver(patient, findings);
  check_sdk(patient, connects, findings);
  return findings;
}

std::string way(const Patient& patient) {
  return patient.apiserver ? "the APIServer " + *patient.apiserver : "OpenMLDB's Python SDK";
}

const char* mark(Level level) {
  switch (level) {
    case Level::kOk: return "ok";
    case Level::kNote: return "note";
    case Level::kFault: return "FAULT";
  }
  return "";
}

void print_text(const Patient& patient, const Findings& findings, long faults) {
  std::printf("OpenMLDB %s%s\n\n", patient.zk.c_str(), patient.zk_path.c_str());
  for (const Finding& finding : findings) {
    std::printf("%-5s  %-11s  %s\n", mark(finding.level), finding.part.c_str(), finding.what.c_str());
    if (!finding.fix.empty()) std::printf("       %-11s  -> %s\n", "", finding.fix.c_str());
  }
  std::printf("\nA task would use %s.\n", way(patient).c_str());
  if (faults > 0) std::printf("Faults: %ld\n", faults);
}

void print_json(const Patient& patient, const Findings& findings, long faults) {
  OrderedJson list = OrderedJson::array();
  for (const Finding& finding : findings)
    list.push_back(
        {{"level", mark(finding.level)}, {"part", finding.part}, {"what", finding.what}, {"fix", finding.fix}});
  const OrderedJson json = {{"cluster", patient.zk + patient.zk_path},
                            {"driver", patient.apiserver ? "rest" : "sdk"},
                            {"faults", faults},
                            {"findings", std::move(list)}};
  std::printf("%s\n", json.dump(2, ' ', false, OrderedJson::error_handler_t::replace).c_str());
}

int run(const Options& options) {
  auto patient = make_patient(options);
  if (!patient) return print_error(patient.error(), kUsage);
  std::error_code problem;
  std::string folder = (std::filesystem::temp_directory_path(problem) / "porpoise-doctor-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    return print_error(errno_error("cannot make " + folder, errno), kEnvironment);
  patient->folder = folder;
  const Findings findings = examine(*patient);
  std::filesystem::remove_all(folder, problem);
  const long faults =
      std::count_if(findings.begin(), findings.end(), [](const Finding& one) { return one.level == Level::kFault; });
  (options.json ? print_json : print_text)(*patient, findings, faults);
  return faults == 0 ? kOk : kEnvironment;
}

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an error of write(), not our end
  Options options;
  CLI::App app("Looks at an OpenMLDB cluster as a task on this machine would see it, and says what is wrong.",
               "porpoise doctor openmldb");
  app.add_option("--zk", options.zk, "ZooKeeper of the cluster, HOST:PORT[,HOST:PORT], as in the task")->required();
  app.add_option("--zk-path", options.zk_path, "root path of the cluster in there, as in the task")->required();
  app.add_option("--config", options.config_file, "porpoise.yaml; default: where it is looked for by all commands")
      ->check(CLI::ExistingFile);
  app.add_option("--driver", options.driver, "auto, rest or sdk, as in the task")->capture_default_str();
  app.add_option("--python", options.python, "PYTHON_HOME of the task's environment: a file, folder or command");
  app.add_option("--env-file", options.env_file, "shell lines that make the task's environment")
      ->check(CLI::ExistingFile);
  app.add_flag("--json", options.json, "print JSON");
  app.footer(kExamples);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return print_error(Error(ErrorCode::kInvalid, std::string(error.what()) + "; see porpoise doctor openmldb --help"),
                       kUsage);
  }
  return run(options);
}

}  // namespace
}  // namespace porpoise::openmldb

int main(int argc, char** argv) { return porpoise::openmldb::main(argc, argv); }
