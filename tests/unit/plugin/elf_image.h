// The smallest ELF library that carries a porpoise note, byte by byte, for tests of the reader.
#pragma once

#include <elf.h>
#include <porpoise/plugin.h>

#include <cstring>
#include <string>
#include <string_view>

namespace porpoise {

template <typename T>
void append_struct(std::string& bytes, const T& value) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

inline std::string note(std::string_view name, std::string_view content, Elf64_Word type = 1) {
  std::string bytes;
  append_struct(bytes, Elf64_Nhdr{static_cast<Elf64_Word>(name.size()), static_cast<Elf64_Word>(content.size()), type});
  for (const std::string_view part : {name, content}) {
    bytes += part;
    bytes.resize((bytes.size() + 3) / 4 * 4);
  }
  return bytes;
}

inline Elf64_Ehdr elf_header() {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
#if defined(__x86_64__)
  header.e_machine = EM_X86_64;
#else
  header.e_machine = EM_AARCH64;
#endif
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  return header;
}

inline std::string elf_with_segment(std::string_view segment) {
  std::string bytes;
  append_struct(bytes, elf_header());
  Elf64_Phdr program{};
  program.p_type = PT_NOTE;
  program.p_offset = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
  program.p_filesz = segment.size();
  program.p_align = 4;
  append_struct(bytes, program);
  return bytes + std::string(segment);
}

inline std::string elf_with_metadata(std::string_view json) {
  return elf_with_segment(note({PORPOISE_NOTE_NAME, sizeof PORPOISE_NOTE_NAME}, json));
}

// `more`: members of the note before its types, each with a comma after it.
inline std::string metadata_of(std::string_view type_id, int abi_major = 1, std::string_view more = "") {
  return R"({"abi":[)" + std::to_string(abi_major) + R"(,0],)" + std::string(more) + R"("types":[{"id":")" +
         std::string(type_id) +
         R"(","version":"1.2","vendor":"Example","summary":"Says hello","flags":["SPAWNS"],"params":{"type":"object"}}]})";
}

}  // namespace porpoise
