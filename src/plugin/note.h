// What a plugin says of itself, read from the "porpoise" ELF note of its file, and what its schema says of parameters.
// No code of the plugin is executed.
//
// Pure values and functions, any thread. Every offset and size of the file is checked and capped: a plugin folder may
// hold anything.
#pragma once

#include <porpoise/ext/alert.h>
#include <porpoise/ext/branch.h>
#include <porpoise/ext/process.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace porpoise {

// What a plugin may name in the "needs" of its note: PluginHost gives each of these.
inline constexpr std::array<std::string_view, 3> kHostExtensions = {PORPOISE_EXT_ALERT, PORPOISE_EXT_BRANCH,
                                                                    PORPOISE_EXT_PROCESS};

// One task type of a plugin.
struct PluginType {
  std::string id;  // "SHELL"
  std::string version;
  std::string vendor;
  std::string summary;                  // one line for people
  std::vector<std::string> flags;       // SPAWNS, NEEDS_NET, REMOTE; unknown ones are kept
  Json params_schema = Json::object();  // JSON Schema of taskParams
  Json config_schema;                   // of the plugin's section in porpoise.yaml; null: the note does not say
};

struct PluginMetadata {
  std::int64_t abi_major = 0;
  std::int64_t abi_minor = 0;
  // Empty when abi_major is not ours: the rest may have another meaning there.
  std::vector<PluginType> types;
  std::vector<std::string> needs;  // ids of host extensions
};

// Whether this build can run the plugin: its major is ours, and each extension it needs is there. A later minor is
// fine. Errors: kInvalid, in words that follow the file's name ("built for ABI 2, …").
Status check_abi(const PluginMetadata& metadata);

// Gives up to `size` bytes at `offset`; fewer at the end of the file.
using ReadAt = std::function<Result<std::string>(std::uint64_t offset, std::size_t size)>;

Result<PluginMetadata> parse_plugin_note(const ReadAt& read);
Result<PluginMetadata> parse_plugin_note(std::string_view elf_bytes);

// Errors begin with what is wrong ("not an ELF file"); the caller knows the file's name.
Result<PluginMetadata> read_plugin_note(const std::filesystem::path& file);

// --- The part of JSON Schema that describes taskParams and sections of porpoise.yaml (type, required, enum,
// properties, additionalProperties, items, default, description), in schema.cc.

struct SchemaProblem {
  std::string pointer;  // JSON pointer into the parameters: "/httpParams/0/prop"
  std::string message;  // "is missing"
};

// Empty when `params` fit; at most 20 problems. As lenient as DolphinScheduler's own parser (Jackson): null counts as
// absent, and so does an empty text for what is no text, numbers and texts of numbers are interchangeable, members the
// schema does not know are fine unless its additionalProperties is false. A text with a placeholder may become any
// number, boolean or choice.
std::vector<SchemaProblem> check_params(const Json& schema, const Json& params);

// What is wrong with a schema itself: keywords that check_params does not look at (a misspelt "required" would check
// nothing), types that there are not, lists that are none. Empty for a good one; at most 20.
std::vector<SchemaProblem> check_schema(const Json& schema);

// One parameter for people; members of nested objects are named "httpParams[].prop".
struct ParameterRow {
  std::string name;
  std::string type;  // "string", "list of object", "GET | POST"
  bool required = false;
  std::string fallback;  // JSON text of the default, or empty
  std::string description;
};

// Required parameters first, then by name.
std::vector<ParameterRow> list_parameters(const Json& schema);

}  // namespace porpoise
