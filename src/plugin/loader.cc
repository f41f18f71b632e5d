#include "plugin/loader.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>

namespace porpoise {
namespace {

constexpr const char* kSymbol = "porpoise_plugin_v1";
constexpr std::size_t kSmallestPlugin = offsetof(porpoise_plugin, create) + sizeof(porpoise_plugin::create);

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
  LoadedPlugin loaded{path, {}};
  std::uint32_t size = 0;
  std::memcpy(&size, symbol, sizeof size);
  if (size < kSmallestPlugin)
    return refuse(path, "its porpoise_plugin has size " + std::to_string(size) + ", too small");
  std::memcpy(&loaded.api, symbol, std::min<std::size_t>(size, sizeof loaded.api));
  if (loaded.api.create == nullptr) return refuse(path, "it has no create function");
  return loaded;
}

}  // namespace porpoise
