// What is installed: plugins, found in folders and known by their notes without running any code of them, and the
// programs that come with one.
//
// Values and functions that look at folders; any thread. A Catalog is filled once by scan, then const.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plugin/note.h"

namespace porpoise {

struct CatalogEntry {
  PluginType type;
  std::filesystem::path file;
};

// A file (or folder) that gives nothing, and why.
struct CatalogProblem {
  enum class Kind {
    kRefused,   // broken, foreign or not to be trusted
    kShadowed,  // fine, but an earlier folder has the type already
    kDoubtful,  // it is there; its schema says something that nobody checks
  };
  Kind kind;
  std::filesystem::path file;
  std::string reason;
};

class Catalog {
 public:
  // Reads every *.so of `folders`. The first folder that has a type wins. A folder or file that is not trusted (see
  // base/file.h), no plugin, of another ABI, or in need of what this build lacks becomes a problem, never an error of
  // the whole.
  static Catalog scan(const std::vector<std::filesystem::path>& folders);

  // nullptr when there is none. Ids are case-sensitive, as in DolphinScheduler.
  const CatalogEntry* find(std::string_view type_id) const;
  const std::vector<CatalogEntry>& types() const { return types_; }               // by id
  const std::vector<std::filesystem::path>& folders() const { return folders_; }  // as given to scan
  const std::vector<CatalogProblem>& problems() const { return problems_; }

  // The type a mistyped name probably means, or empty.
  std::string nearest(std::string_view name) const;

  // Why find() had nothing: the likely type, the types there are, or the folders that were searched.
  Error unknown_type(std::string_view type_id) const;

  // What is wrong with the sections below `plugins` of porpoise.yaml, a line each: types that there are not, and what
  // the plugins' own schemas say of the others. Such a section, or member of one, has no effect.
  std::vector<std::string> mistakes_in(const Json& sections) const;

 private:
  void scan_folder(const std::filesystem::path& folder);
  void add_file(const std::filesystem::path& file);
  void add_type(PluginType type, const std::filesystem::path& file);
  std::vector<std::string> ids() const;
  void refuse(const std::filesystem::path& file, std::string reason);

  std::vector<std::filesystem::path> folders_;
  std::vector<CatalogEntry> types_;
  std::vector<CatalogProblem> problems_;
};

// Where plugins are looked for, in order: --plugin-dir, PORPOISE_PLUGIN_PATH (`environment_value`, separated by
// colons), then beside the executable: the build tree and the installed folder, as far as they exist.
std::vector<std::filesystem::path> search_path(const std::vector<std::filesystem::path>& explicit_folders,
                                               std::string_view environment_value,
                                               const std::filesystem::path& executable_folder);

// A program that comes with a plugin and that `porpoise` finds by its name: porpoise-<kind>-<name>. With it a plugin
// brings its own subcommand ("doctor", "sandbox"), and nothing in porpoise knows a task type.
struct Companion {
  std::string name;            // "openmldb"
  std::filesystem::path file;  // an executable file
};

// The companions of a kind, by name: those beside the running program, and those where an installation keeps its helper
// programs. The first of a name counts.
std::vector<Companion> find_companions(std::string_view kind, const std::filesystem::path& executable_folder);

// The one with that name; an error (kNotFound) that lists the others and the one that was probably meant.
Result<Companion> find_companion(std::string_view kind, std::string_view name,
                                 const std::filesystem::path& executable_folder);

// The name that the companions of a task type have: the type in lower case.
std::string companion_name(std::string_view task_type);

}  // namespace porpoise
