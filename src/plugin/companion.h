// Programs that come with a plugin and that `porpoise` finds by their names: porpoise-<kind>-<name>. With them a plugin
// brings its own subcommands ("doctor", "sandbox") and nothing in porpoise knows a task type.
//
// Values and free functions that look at folders; any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace porpoise {

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
