// Loads a plugin's code and makes its tasks. Only the task host does so: one process, one plugin, one task.
//
// What comes from the plugin is copied as far as its `size` reaches, so that a member which a plugin of an older minor
// lacks is null. Functions on values; those of the border are pure.
#pragma once

#include <porpoise/plugin.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace porpoise {

// --- The border: texts, and the size rule of plugin.h for all code on the host's side of it. A struct of the other
// side may be of an older or a later minor: only what lies inside its `size` is ever touched.

inline std::string_view to_view(porpoise_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
inline porpoise_str to_c(std::string_view text) { return {text.data(), text.size()}; }

// A copy as far as `given.size` reaches; the rest is zero. `size` itself is kept, so that PORPOISE_HAS works on the
// copy.
template <typename Struct>
Struct read_sized(const Struct& given) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, size) == 0);
  Struct copy{};
  std::memcpy(&copy, &given, std::min<std::size_t>(given.size, sizeof copy));
  copy.size = given.size;
  return copy;
}

// Fills in what the other side has room for, and leaves its `size` alone.
template <typename Struct>
void write_sized(const Struct& value, Struct* out) {
  static_assert(std::is_trivially_copyable_v<Struct> && offsetof(Struct, size) == 0);
  constexpr std::size_t kBegin = sizeof value.size;
  const std::size_t end = std::min<std::size_t>(out->size, sizeof value);
  // Through void*, as `out` may be smaller than its type.
  if (end > kBegin)
    std::memcpy(static_cast<char*>(static_cast<void*>(out)) + kBegin,
                static_cast<const char*>(static_cast<const void*>(&value)) + kBegin, end - kBegin);
}

// --- Across it.

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
