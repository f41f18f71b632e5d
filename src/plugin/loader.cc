#include "plugin/loader.h"

#include <dlfcn.h>

#include <cstddef>
#include <string>
#include <system_error>

namespace porpoise {
namespace {

constexpr const char* kSymbol = "porpoise_plugin_v1";
constexpr std::size_t kSmallestPlugin = offsetof(porpoise_plugin, create) + sizeof(porpoise_plugin::create);
constexpr std::size_t kSmallestTask = offsetof(porpoise_task, destroy) + sizeof(porpoise_task::destroy);

tl::unexpected<Error> refuse(const std::filesystem::path& file, const std::string& reason) {
  return fail(ErrorCode::kInvalid, "cannot load plugin " + file.string() + ": " + reason);
}

}  // namespace

Result<LoadedPlugin> load_plugin(const std::filesystem::path& file) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(file, error);  // dlopen searches names without a slash
  if (error || !std::filesystem::is_regular_file(path, error)) return refuse(file, "no such file");
  // RTLD_NOW: a missing symbol is reported here, not as a crash in the middle of a task.
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return refuse(path, ::dlerror());
  const void* const symbol = ::dlsym(library, kSymbol);
  if (symbol == nullptr)
    return refuse(path, std::string("it does not export ") + kSymbol + ", so it is no plugin of ABI 1");
  const auto& given = *static_cast<const porpoise_plugin*>(symbol);
  if (given.size < kSmallestPlugin)
    return refuse(path, "its porpoise_plugin has size " + std::to_string(given.size) + ", too small");
  const LoadedPlugin loaded{path, read_sized(given)};
  if (loaded.api.create == nullptr) return refuse(path, "it has no create function");
  return loaded;
}

Result<PluginTask> create_task(const LoadedPlugin& plugin, const porpoise_host* host, std::string_view type_id) {
  const std::string what = "plugin " + plugin.file.string();
  const std::string type = "a task of type \"" + std::string(type_id) + "\"";
  porpoise_task* const task = plugin.api.create(host, to_c(type_id));
  if (task == nullptr) return fail(ErrorCode::kNotFound, what + " cannot make " + type);
  if (task->size < kSmallestTask)
    return fail(ErrorCode::kInvalid, what + " makes " + type + " whose porpoise_task has size " +
                                         std::to_string(task->size) + ", too small");
  const PluginTask made{task, read_sized(*task)};
  if (made.api.prepare == nullptr || made.api.run == nullptr || made.api.destroy == nullptr)
    return fail(ErrorCode::kInvalid, what + " makes " + type + " that lacks prepare, run or destroy");
  return made;
}

}  // namespace porpoise
