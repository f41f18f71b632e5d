// The size rule of plugin.h, its texts, and the extensions of this host, for all code on the host's side of the border.
//
// Pure functions, any thread. A struct of the other side may be of an older or a later minor: only what lies inside its
// `size` is ever touched.
#pragma once

#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/process.h>
#include <porpoise/plugin.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace porpoise {

// What a plugin may name in the "needs" of its note: PluginHost gives each of these.
inline constexpr std::array<std::string_view, 3> kHostExtensions = {PORPOISE_EXT_ALERT, PORPOISE_EXT_BRANCH,
                                                                    PORPOISE_EXT_PROCESS};

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

}  // namespace porpoise
