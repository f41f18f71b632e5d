#include "plugin/companion.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <system_error>

#include "base/text.h"

namespace porpoise {

namespace fs = std::filesystem;

std::vector<Companion> find_companions(std::string_view kind, const fs::path& executable_folder) {
  const std::string prefix = "porpoise-" + std::string(kind) + "-";
  std::vector<Companion> found;
  std::error_code ignored;
  for (const fs::path& folder : {executable_folder, executable_folder / "../libexec/porpoise"})
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
      const std::string file = entry.path().filename();
      if (file.rfind(prefix, 0) == 0 && ::access(entry.path().c_str(), X_OK) == 0)
        found.push_back({file.substr(prefix.size()), entry.path()});
    }
  const auto name_of = [](const Companion& one) -> const std::string& { return one.name; };
  std::stable_sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  const auto same = [&](const Companion& a, const Companion& b) { return name_of(a) == name_of(b); };
  found.erase(std::unique(found.begin(), found.end(), same), found.end());
  return found;
}

Result<Companion> find_companion(std::string_view kind, std::string_view name, const fs::path& executable_folder) {
  std::vector<std::string> names;
  for (const Companion& companion : find_companions(kind, executable_folder)) {
    if (companion.name == name) return companion;
    names.push_back(companion.name);
  }
  return fail(ErrorCode::kNotFound, "there is no " + std::string(kind) + " for '" + std::string(name) + "'" +
                                        did_you_mean(name, names) + "; see porpoise " + std::string(kind) + " --help");
}

std::string companion_name(std::string_view task_type) {
  std::string name(task_type);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace porpoise
