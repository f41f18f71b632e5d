#include "cli/doctor.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <vector>

#include "base/nearest.h"
#include "cli/console.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

// A plugin's doctor is a program of this name, beside porpoise or the task host.
constexpr std::string_view kPrefix = "porpoise-doctor-";

std::vector<fs::path> folders() {
  const fs::path folder = executable_folder();
  return {folder, folder / "../libexec/porpoise"};
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const fs::path& folder : folders())
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      const std::string file = entry.path().filename();
      if (file.rfind(kPrefix, 0) == 0 && ::access(entry.path().c_str(), X_OK) == 0)
        names.push_back(file.substr(kPrefix.size()));
    }
  std::sort(names.begin(), names.end());
  return names;
}

int show_usage() {
  std::string text =
      "Looks at what tasks need, and says what is missing and how to mend it\nUsage: porpoise doctor NAME "
      "[OPTIONS]\n\nNames, each with a --help of its own:\n";
  for (const std::string& name : known_names()) text += "  " + name + "\n";
  standard_output().write(text);
  return kExitOk;
}

// Returns only when it could not be started.
int become_doctor(std::vector<std::string> words) {
  const std::vector<std::string> names = known_names();
  if (std::find(names.begin(), names.end(), words[0]) == names.end())
    return print_error(
        "there is no doctor for '" + words[0] + "'" + did_you_mean(words[0], names) + "; see porpoise doctor --help",
        kExitUsage);
  const std::string program = std::string(kPrefix) + words[0];
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  for (const fs::path& folder : folders()) ::execv((folder / program).c_str(), argv.data());
  return print_error(errno_error("cannot start " + program, errno), kExitEnvironment);
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  CLI::App* const command = app.add_subcommand("doctor", "Looks at what tasks need, and says what is missing");
  command->set_help_flag();  // what follows the name is the doctor's business
  command->prefix_command();
  command->callback([command, &exit_code] {
    const std::vector<std::string> words = command->remaining();
    const bool asks = words.empty() || words[0] == "--help" || words[0] == "-h";
    exit_code = asks ? show_usage() : become_doctor(words);
  });
}

}  // namespace porpoise
