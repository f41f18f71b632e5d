#include <chrono>

#include "base/file.h"
#include "base/json.h"
#include "openmldb/doctor/checks.h"
#include "openmldb/doctor/doctor_host.h"
#include "openmldb/rest_answer.h"
#include "openmldb/sdk_process.h"
#include "openmldb/sdk_program.h"

namespace porpoise::openmldb {
namespace {

constexpr std::int64_t kAnswerMs = 30000;  // the SDK waits 20 s for a nameserver that hangs

// The answer's data, or the problem in the program's words.
Result<Json> ask(SdkProcess& process, const Json& order, std::int64_t now_mono_ms) {
  PORPOISE_TRY(const std::string line, process.exchange(dump_json(order), now_mono_ms + kAnswerMs, -1));
  const auto answer = read_body(line, "the SDK program");
  if (!answer) return fail(answer.error().error);
  if (const auto problem = answer->find("problem"); problem != answer->end() && problem->is_object())
    return fail(ErrorCode::kUnavailable, string_or(*problem, "message", "no message"));
  const auto data = answer->find("data");
  return data != answer->end() ? *data : Json();
}

// What follows `words` in the line that begins with them; empty without such a line.
std::string line_after(std::string_view words, const std::string& text) {
  const std::string lines = "\n" + text;
  const std::size_t at = lines.find("\n" + std::string(words));
  if (at == std::string::npos) return {};
  const std::size_t begin = at + 1 + words.size();
  return lines.substr(begin, lines.find('\n', begin) - begin);
}

// "…; install it with: COMMAND": the message has its fix in it.
Finding make_fault(Level level, std::string part, const std::string& message, std::string fix) {
  constexpr std::string_view kFix = "; install it";
  const std::size_t at = message.find(kFix);
  if (at == std::string::npos) return {level, std::move(part), message, std::move(fix)};
  return {level, std::move(part), message.substr(0, at), message.substr(at + 2)};
}

void note_sqlalchemy(const std::string& version, Findings& findings) {
  if (version.empty() || version.rfind("1.", 0) == 0) return;
  findings.push_back({Level::kNote, "SQLAlchemy",
                      version +
                          " does not run what the Java worker makes of an OPENMLDB task; porpoise does not use it. "
                          "Where both share this Python: pip install 'sqlalchemy<2'"});
}

}  // namespace

void check_sdk(const Patient& patient, bool connects, Findings& findings) {
  const Level bad = patient.apiserver ? Level::kNote : Level::kFault;
  const DoctorHost host(patient.folder, patient.environment);
  const std::filesystem::path program = patient.folder / "sdk_client.py";
  if (const Status written = write_file(program, kSdkProgram, 0600, Durability::kAtomic); !written) {
    findings.push_back({bad, "SDK", written.error().to_string(), "make room there"});
    return;
  }
  const auto process = SdkProcess::start(host.host(), program, true);
  if (!process) {
    findings.push_back({bad, "Python", process.error().to_string(), "see the message"});
    return;
  }
  const auto versions = ask(**process, {{"do", "versions"}}, host.host().now_mono_ms());
  const std::string interpreter = line_after("Python interpreter: ", host.output());
  if (!versions && interpreter.empty()) {
    const std::string why = line_after("no Python interpreter: ", host.output());
    findings.push_back({bad, "Python", why.empty() ? versions.error().to_string() : "no interpreter: " + why,
                        "set PYTHON_HOME in the task's environment (here: --python), or apt-get install python3"});
    return;
  }
  findings.push_back({Level::kOk, "Python", interpreter});
  if (!versions) {
    findings.push_back(make_fault(bad, "SDK", versions.error().to_string(), "see the message"));
    return;
  }
  const std::string version =
      "openmldb " + string_or(*versions, "sdk", "?") + ", Python " + string_or(*versions, "python", "?");
  note_sqlalchemy(string_or(*versions, "sqlalchemy", ""), findings);
  if (!connects) {
    findings.push_back({Level::kNote, "SDK", version + ", not tried: the cluster is not there"});
    return;
  }
  const Json connect = {{"do", "connect"},
                        {"zk", patient.zk},
                        {"zkPath", patient.zk_path},
                        {"requestMillis", kAnswerMs},
                        {"user", patient.config.user},
                        {"password", patient.config.password},
                        {"zkCert", patient.config.zk_cert}};
  const auto connected = ask(**process, connect, host.host().now_mono_ms());
  const auto databases = connected ? ask(**process, {{"do", "databases"}}, host.host().now_mono_ms()) : connected;
  if (!databases) {
    findings.push_back(
        make_fault(bad, "SDK", version + ": " + databases.error().to_string(),
                   "mend what is said above; with access control, check plugins.OPENMLDB.user and password"));
    return;
  }
  findings.push_back({Level::kOk, "SDK", version + ", databases: " + std::to_string(databases->size())});
}

}  // namespace porpoise::openmldb
