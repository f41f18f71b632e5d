// Loads a plugin's code. Only the task host does so: one process, one plugin, one task.
#pragma once

#include <porpoise/plugin.h>

#include <filesystem>

#include "base/result.h"

namespace porpoise {

// A plugin that stays loaded until the process ends: a thread it may have left behind still needs its code.
struct LoadedPlugin {
  std::filesystem::path file;
  // A copy no larger than the plugin's own struct; what a plugin of an older minor lacks is zero. `create` is not null.
  porpoise_plugin api{};
};

// Runs the constructors of the library and nothing else of it. The path is taken as it is, never searched for.
Result<LoadedPlugin> load_plugin(const std::filesystem::path& file);

}  // namespace porpoise
