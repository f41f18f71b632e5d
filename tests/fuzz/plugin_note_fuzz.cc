// Any file may lie in a plugin folder: reading its note, checking parameters by the schema in it and listing them ends
// with an answer.
#include <cstdint>
#include <string_view>

#include "plugin/note.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto metadata = porpoise::parse_plugin_note(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!metadata) return 0;
  for (const porpoise::PluginType& type : metadata->types) {
    porpoise::check_params(type.params_schema, type.params_schema);
    porpoise::list_parameters(type.params_schema);
  }
  return 0;
}
