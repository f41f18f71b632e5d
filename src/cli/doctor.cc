// `porpoise doctor` without a name: what a worker would lack here. With one, cli/plugins.cc.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "doctor/bundle.h"
#include "doctor/doctor.h"
#include "observe/log.h"

namespace porpoise {
namespace {

int exit_code_of(Verdict worst) {
  switch (worst) {
    case Verdict::kOk: return kExitOk;
    case Verdict::kWarning: return kExitFailed;
    case Verdict::kFault: return kExitEnvironment;
  }
  return kExitEnvironment;
}

std::string json_of(const Findings& findings) {
  OrderedJson list = OrderedJson::array();
  for (const Finding& one : findings)
    list.push_back({{"verdict", word_for(one.verdict)}, {"area", one.area}, {"what", one.what}, {"mend", one.mend}});
  const OrderedJson json = {
      {"version", PORPOISE_VERSION}, {"verdict", word_for(worst_of(findings))}, {"findings", std::move(list)}};
  return json.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Color color_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk: return Color::kGreen;
    case Verdict::kWarning: return Color::kYellow;
    case Verdict::kFault: return Color::kRed;
  }
  return Color::kNone;
}

std::string padded(std::string text, std::size_t width) {
  text.append(width - std::min(width, text.size()), ' ');
  return text;
}

std::string text_of(const Findings& findings, bool colors) {
  constexpr std::size_t kVerdictWidth = 7;
  std::size_t width = 0;
  for (const Finding& one : findings) width = std::max(width, one.area.size());
  std::string text;
  for (const Finding& one : findings) {
    const std::string verdict = padded(word_for(one.verdict), kVerdictWidth);
    text += paint(verdict, color_of(one.verdict), colors) + "  " + padded(one.area, width) + "  " +
            printable(one.what, false) + "\n";
    if (!one.mend.empty())
      text += std::string(kVerdictWidth + width + 4, ' ') + "-> " + printable(one.mend, false) + "\n";
  }
  const auto count = [&](Verdict verdict) {
    return std::to_string(
        std::count_if(findings.begin(), findings.end(), [&](const Finding& one) { return one.verdict == verdict; }));
  };
  return text + "\nFaults: " + count(Verdict::kFault) + ", warnings: " + count(Verdict::kWarning) + "\n";
}

// A data folder that hangs is not looked into again.
std::vector<BundleFile> bundle_of(const Patient& patient, const Diagnosis& diagnosis) {
  const Redactor redactor(secrets_of(patient.settings.config));
  std::vector<BundleFile> files = {{"doctor.json", json_of(diagnosis.findings)},
                                   {"config.json", settings_as_json(patient.settings)},
                                   {"system.txt", describe_system()}};
  if (!diagnosis.is_hung) files.push_back({"tasks.txt", list_task_files(patient.settings.config.data_dir)});
  for (BundleFile& file : files) file.content = redactor.apply(file.content);
  return files;
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  const Variables environment = process_environment();
  auto settings = resolve_worker_flags(options.worker, environment);
  if (!settings) return print_error(settings.error(), kExitUsage);
  const std::vector<std::filesystem::path> folders = plugin_folders(settings->config);
  const Patient patient{*std::move(settings), environment, folders};
  const Diagnosis diagnosis = examine(patient);
  const Redactor redactor(secrets_of(patient.settings.config));
  Output output = standard_output();
  output.write(
      redactor.apply(options.json ? json_of(diagnosis.findings) : text_of(diagnosis.findings, output.traits().colors)));
  int exit_code = exit_code_of(worst_of(diagnosis.findings));
  if (!options.bundle.empty()) {
    const Status written = write_bundle(options.bundle, bundle_of(patient, diagnosis), wall_ms());
    if (!written) exit_code = print_error(written.error(), kExitEnvironment);
  }
  exit_code = finished(output, exit_code);
  if (diagnosis.is_hung) std::_Exit(exit_code);  // its thread would use what main() destroys
  return exit_code;
}

}  // namespace porpoise
