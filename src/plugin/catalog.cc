#include "plugin/catalog.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/text.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 512;  // of one folder: a mistyped --plugin-dir /usr/lib must not take minutes

// Sorted, so that the outcome does not depend on the file system's order.
Result<std::vector<fs::path>> list_libraries(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".so") continue;
    if (files.size() == kMaxFiles)
      return fail(ErrorCode::kInvalid, "more than " + std::to_string(kMaxFiles) + " libraries: not a plugin folder");
    files.push_back(at->path());
  }
  if (error) return fail_errno("cannot list the folder", error.value());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Catalog Catalog::scan(const std::vector<fs::path>& folders) {
  Catalog catalog;
  catalog.folders_ = folders;
  for (const fs::path& folder : folders) catalog.scan_folder(folder);
  std::sort(catalog.types_.begin(), catalog.types_.end(),
            [](const CatalogEntry& a, const CatalogEntry& b) { return a.type.id < b.type.id; });
  return catalog;
}

void Catalog::scan_folder(const fs::path& folder) {
  if (const Status trusted = check_trusted_folder(folder); !trusted) return refuse(folder, trusted.error().message());
  const auto files = list_libraries(folder);
  if (!files) return refuse(folder, files.error().to_string());
  for (const fs::path& file : *files) add_file(file);
}

void Catalog::add_file(const fs::path& file) {
  if (const Status trusted = check_trusted_file(file); !trusted) return refuse(file, trusted.error().message());
  auto metadata = read_plugin_note(file);
  if (!metadata) return refuse(file, metadata.error().to_string());
  if (const Status fits = check_abi(*metadata); !fits) return refuse(file, fits.error().message());
  for (PluginType& type : metadata->types) {
    if (const CatalogEntry* first = find(type.id))
      problems_.push_back({CatalogProblem::Kind::kShadowed, file,
                           "type " + type.id + " comes from " + first->file.string() + " already"});
    else
      add_type(std::move(type), file);
  }
}

void Catalog::add_type(PluginType type, const fs::path& file) {
  const auto doubt = [&](const char* name, const Json& schema) {
    for (const SchemaProblem& problem : check_schema(schema))
      problems_.push_back({CatalogProblem::Kind::kDoubtful, file,
                           "the " + std::string(name) + " schema of " + type.id + " " + problem.pointer +
                               (problem.pointer.empty() ? "" : " ") + problem.message});
  };
  doubt("params", type.params_schema);
  if (!type.config_schema.is_null()) doubt("config", type.config_schema);
  types_.push_back({std::move(type), file});
}

void Catalog::refuse(const fs::path& file, std::string reason) {
  problems_.push_back({CatalogProblem::Kind::kRefused, file, std::move(reason)});
}

const CatalogEntry* Catalog::find(std::string_view type_id) const {
  const auto found = std::find_if(types_.begin(), types_.end(),
                                  [type_id](const CatalogEntry& entry) { return entry.type.id == type_id; });
  return found == types_.end() ? nullptr : &*found;
}

std::string Catalog::nearest(std::string_view name) const { return porpoise::nearest(name, ids()); }

Error Catalog::unknown_type(std::string_view type_id) const {
  std::string message = "no plugin for task type '" + std::string(type_id) + "'";
  if (const std::string hint = did_you_mean(type_id, ids()); !hint.empty())
    return {ErrorCode::kNotFound, message + hint};
  message += types_.empty() ? "; searched" : "; there are";
  std::string_view separator = " ";
  const auto append = [&](const std::string& word) { message += std::string(std::exchange(separator, ", ")) + word; };
  for (const std::string& id : ids()) append(id);
  if (types_.empty())
    for (const fs::path& folder : folders_) append(folder.string());
  return {ErrorCode::kNotFound, message};
}

std::vector<std::string> Catalog::mistakes_in(const Json& sections) const {
  std::vector<std::string> mistakes;
  for (const auto& [type, section] : sections.items()) {
    const CatalogEntry* const entry = find(type);
    if (entry == nullptr)
      mistakes.push_back("plugins." + type + ": " + unknown_type(type).to_string());
    else
      for (const SchemaProblem& problem : check_params(entry->type.config_schema, section))
        mistakes.push_back("plugins." + type + problem.pointer + ": " + problem.message);
  }
  return mistakes;
}

std::vector<std::string> Catalog::ids() const {
  std::vector<std::string> ids;
  for (const CatalogEntry& entry : types_) ids.push_back(entry.type.id);
  return ids;
}

std::vector<fs::path> search_path(const std::vector<fs::path>& explicit_folders, std::string_view environment_value,
                                  const fs::path& executable_folder) {
  std::vector<fs::path> folders = explicit_folders;
  while (!environment_value.empty()) {
    const std::string_view folder = environment_value.substr(0, environment_value.find(':'));
    environment_value.remove_prefix(std::min(folder.size() + 1, environment_value.size()));
    if (!folder.empty()) folders.emplace_back(folder);
  }
  // The build tree mirrors an installation whose library folder is "lib".
  for (const std::string_view library_folder : {"lib", PORPOISE_LIBRARY_FOLDER}) {
    const fs::path folder = (executable_folder.parent_path() / library_folder / "porpoise/plugins").lexically_normal();
    std::error_code error;
    if (fs::is_directory(folder, error) && std::find(folders.begin(), folders.end(), folder) == folders.end())
      folders.push_back(folder);
  }
  return folders;
}

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
