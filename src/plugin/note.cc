#include "plugin/note.h"

#include <elf.h>
#include <fcntl.h>
#include <porpoise/plugin.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <type_traits>

#include "base/descriptor.h"

namespace porpoise {
namespace {

constexpr std::size_t kMaxProgramHeaders = 128;      // linkers write about ten
constexpr std::size_t kMaxSegmentBytes = 1U << 20U;  // a note holds a few JSON Schemas
constexpr std::size_t kMaxTypes = 64;
constexpr std::size_t kMaxNeeds = 64;
constexpr std::size_t kMaxTextBytes = 256;  // of an id, a summary, ...
constexpr JsonLimits kNoteLimits{.max_bytes = kMaxSegmentBytes, .max_depth = 32};

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
#else
#error "add the ELF machine number of this processor"
#endif
static_assert(std::endian::native == std::endian::little);

// memcpy instead of a cast: nothing in a file is promised to be aligned.
template <typename T>
std::optional<T> copy_struct(std::string_view bytes, std::size_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

constexpr std::uint64_t round_up(std::uint64_t size, std::uint64_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

Result<Elf64_Ehdr> read_header(const ReadAt& read) {
  PORPOISE_TRY(const std::string bytes, read(0, sizeof(Elf64_Ehdr)));
  const auto header = copy_struct<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    return fail(ErrorCode::kInvalid, "not an ELF file");
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
      header->e_machine != kMachine)
    return fail(ErrorCode::kInvalid, "built for another processor");
  if (header->e_type != ET_DYN) return fail(ErrorCode::kInvalid, "not a shared library");
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum > kMaxProgramHeaders)
    return fail(ErrorCode::kInvalid, "damaged: implausible ELF program headers");
  return *header;
}

Result<std::vector<Elf64_Phdr>> read_note_segments(const ReadAt& read, const Elf64_Ehdr& header) {
  const std::size_t size = std::size_t{header.e_phnum} * sizeof(Elf64_Phdr);
  PORPOISE_TRY(const std::string bytes, read(header.e_phoff, size));
  if (bytes.size() != size) return fail(ErrorCode::kInvalid, "damaged: ends within its ELF program headers");
  std::vector<Elf64_Phdr> segments;
  for (std::size_t at = 0; at < size; at += sizeof(Elf64_Phdr))
    if (const auto segment = copy_struct<Elf64_Phdr>(bytes, at); segment && segment->p_type == PT_NOTE)
      segments.push_back(*segment);
  return segments;
}

// The content of the first metadata note in one PT_NOTE segment. Bytes after the last note, as sanitizers leave them,
// end the walk quietly.
std::optional<std::string_view> find_metadata(std::string_view segment, std::uint64_t alignment) {
  constexpr std::string_view kName(PORPOISE_NOTE_NAME, sizeof PORPOISE_NOTE_NAME);
  const std::uint64_t step = alignment == 8 ? 8 : 4;  // .note.gnu.property of x86-64 is the only one with 8
  std::uint64_t at = 0;
  while (const auto note = copy_struct<Elf64_Nhdr>(segment, at)) {
    const std::uint64_t name_at = at + sizeof(Elf64_Nhdr);
    const std::uint64_t content_at = name_at + round_up(note->n_namesz, step);
    if (content_at > segment.size() || note->n_descsz > segment.size() - content_at) return std::nullopt;
    if (note->n_type == PORPOISE_NOTE_TYPE_METADATA && segment.substr(name_at, note->n_namesz) == kName)
      return segment.substr(content_at, note->n_descsz);
    at = content_at + round_up(note->n_descsz, step);
  }
  return std::nullopt;
}

// Texts of a note reach terminals, so they hold no control characters.
bool is_plain(std::string_view text) {
  return text.size() <= kMaxTextBytes &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
}

Result<std::string> text_member(const Json& type, std::string_view key) {
  std::string text = string_or(type, key, "");
  if (!is_plain(text))
    return fail(ErrorCode::kInvalid, "bad note: \"" + std::string(key) + "\" of a type is too long or not plain text");
  return text;
}

Result<PluginType> parse_type(const Json& json) {
  if (!json.is_object()) return fail(ErrorCode::kInvalid, "bad note: a type is not a JSON object");
  PluginType type;
  PORPOISE_TRY(type.id, text_member(json, "id"));
  if (type.id.empty()) return fail(ErrorCode::kInvalid, "bad note: a type has no id");
  PORPOISE_TRY(type.version, text_member(json, "version"));
  PORPOISE_TRY(type.vendor, text_member(json, "vendor"));
  PORPOISE_TRY(type.summary, text_member(json, "summary"));
  if (const auto flags = json.find("flags"); flags != json.end() && flags->is_array())
    for (const Json& flag : *flags)
      if (flag.is_string()) type.flags.push_back(flag.get<std::string>());
  if (const auto schema = json.find("params"); schema != json.end()) {
    if (!schema->is_object())
      return fail(ErrorCode::kInvalid, "bad note: \"params\" of " + type.id + " is not an object");
    type.params_schema = *schema;
  }
  if (const auto schema = json.find("config"); schema != json.end()) {
    if (!schema->is_object())
      return fail(ErrorCode::kInvalid, "bad note: \"config\" of " + type.id + " is not an object");
    type.config_schema = *schema;
  }
  return type;
}

Result<std::vector<std::string>> parse_needs(const Json& json) {
  std::vector<std::string> needs;
  const auto found = json.find("needs");
  if (found == json.end()) return needs;
  if (!found->is_array() || found->size() > kMaxNeeds)
    return fail(ErrorCode::kInvalid, "bad note: \"needs\" is not a list of at most " + std::to_string(kMaxNeeds));
  for (const Json& need : *found) {
    if (!need.is_string() || !is_plain(need.get_ref<const std::string&>()))
      return fail(ErrorCode::kInvalid, "bad note: \"needs\" has something that is no id of an extension");
    needs.push_back(need.get<std::string>());
  }
  return needs;
}

Result<PluginMetadata> parse_metadata(std::string_view content) {
  while (!content.empty() && content.back() == '\0') content.remove_suffix(1);  // PORPOISE_PLUGIN_NOTE writes a literal
  auto parsed = parse_json(content, kNoteLimits);
  if (!parsed) return fail(parsed.error().wrap("bad note"));
  const Json& json = *parsed;
  const auto abi = json.is_object() ? json.find("abi") : json.end();
  if (!json.is_object() || abi == json.end() || !abi->is_array() || abi->size() != 2 ||
      !(*abi)[0].is_number_integer() || !(*abi)[1].is_number_integer())
    return fail(ErrorCode::kInvalid, "bad note: no \"abi\":[major,minor]");
  PluginMetadata metadata{(*abi)[0].get<std::int64_t>(), (*abi)[1].get<std::int64_t>(), {}, {}};
  if (metadata.abi_major != PORPOISE_ABI_MAJOR) return metadata;
  PORPOISE_TRY(metadata.needs, parse_needs(json));
  const auto types = json.find("types");
  if (types == json.end() || !types->is_array() || types->empty() || types->size() > kMaxTypes)
    return fail(ErrorCode::kInvalid, "bad note: no list of 1 to " + std::to_string(kMaxTypes) + " \"types\"");
  for (const Json& item : *types) {
    PORPOISE_TRY(PluginType type, parse_type(item));
    metadata.types.push_back(std::move(type));
  }
  return metadata;
}

}  // namespace

Status check_abi(const PluginMetadata& metadata) {
  if (metadata.abi_major != PORPOISE_ABI_MAJOR)
    return fail(ErrorCode::kInvalid, "built for ABI " + std::to_string(metadata.abi_major) + ", this porpoise has " +
                                         std::to_string(PORPOISE_ABI_MAJOR));
  std::string lacking;
  for (const std::string& need : metadata.needs)
    if (std::find(kHostExtensions.begin(), kHostExtensions.end(), need) == kHostExtensions.end())
      lacking.append(lacking.empty() ? "" : ", ").append(need);
  if (lacking.empty()) return {};
  return fail(ErrorCode::kInvalid, "needs what this porpoise does not have: " + lacking);
}

Result<PluginMetadata> parse_plugin_note(const ReadAt& read) {
  PORPOISE_TRY(const Elf64_Ehdr header, read_header(read));
  PORPOISE_TRY(const std::vector<Elf64_Phdr> segments, read_note_segments(read, header));
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_filesz > kMaxSegmentBytes)
      return fail(ErrorCode::kInvalid, "damaged: implausible size of its ELF notes");
    PORPOISE_TRY(const std::string bytes, read(segment.p_offset, segment.p_filesz));
    if (const auto content = find_metadata(bytes, segment.p_align)) return parse_metadata(*content);
  }
  return fail(ErrorCode::kInvalid, "not a porpoise plugin: it has no \"porpoise\" note");
}

Result<PluginMetadata> parse_plugin_note(std::string_view elf_bytes) {
  return parse_plugin_note([elf_bytes](std::uint64_t offset, std::size_t size) -> Result<std::string> {
    return std::string(elf_bytes.substr(std::min<std::uint64_t>(offset, elf_bytes.size()), size));
  });
}

Result<PluginMetadata> read_plugin_note(const std::filesystem::path& file) {
  // pread instead of mmap: a file that shrinks meanwhile is an error, not a SIGBUS.
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno("cannot open", errno);
  return parse_plugin_note([&fd](std::uint64_t offset, std::size_t size) -> Result<std::string> {
    std::string bytes(size, '\0');
    // A huge offset turns negative, which pread refuses.
    const ssize_t count = ::pread(fd.get(), bytes.data(), size, static_cast<off_t>(offset));
    if (count < 0) return fail_errno("cannot read", errno);
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  });
}

}  // namespace porpoise
