// Loads a plugin's code and makes its tasks. Only the task host does so: one process, one plugin, one task.
//
// What comes from the plugin is copied as far as its `size` reaches, so that a member which a plugin of an older minor
// lacks is null.
#pragma once

#include <porpoise/plugin.h>

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace porpoise {

// A plugin that stays loaded until the process ends: a thread it may have left behind still needs its code.
struct LoadedPlugin {
  std::filesystem::path file;
  porpoise_plugin api{};  // `create` is not null
};

// Runs the constructors of the library and nothing else of it. The path is taken as it is, never searched for.
Result<LoadedPlugin> load_plugin(const std::filesystem::path& file);

// A task of the plugin, owned by the plugin until destroy.
struct PluginTask {
  porpoise_task* self = nullptr;  // the first argument of each call
  porpoise_task api{};            // `prepare`, `run` and `destroy` are not null
};

// Errors: kNotFound when the plugin makes no task of that type, kInvalid when the task it makes cannot be used.
// Exceptions of the plugin pass through.
Result<PluginTask> create_task(const LoadedPlugin& plugin, const porpoise_host* host, std::string_view type_id);

}  // namespace porpoise
