// A name as a master may send it, and the order of a task as a requester writes it. What is let through stays below the
// working directory.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/resource_order.h"

namespace {

bool leads_out(std::string_view target) {
  if (target.empty() || target.front() == '/' || target.find('\0') != std::string_view::npos) return true;
  const std::string padded = "/" + std::string(target) + "/";
  return padded.find("/../") != std::string::npos || padded.find("//") != std::string::npos ||
         padded.find("/./") != std::string::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = porpoise::resource_target(text); target && leads_out(*target)) __builtin_trap();
  if (const auto file = porpoise::tenant_resource("/a", text); file && leads_out(file->path)) __builtin_trap();
  const auto json = porpoise::parse_json(text);
  if (!json) return 0;
  const auto order = porpoise::resource_order_from_json(*json);
  if (!order) {
    if (order.error().message().empty()) __builtin_trap();
    return 0;
  }
  for (const porpoise::ResourceFile& file : order->files)
    if (leads_out(file.path) || !porpoise::resource_target(file.name)) __builtin_trap();
  const auto again = porpoise::resource_order_from_json(porpoise::to_json(*order));
  if (!again || porpoise::to_json(*again) != porpoise::to_json(*order)) __builtin_trap();
  return 0;
}
