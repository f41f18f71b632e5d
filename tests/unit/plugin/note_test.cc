#include "plugin/note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/plugin/elf_image.h"

namespace porpoise {
namespace {

using ::testing::HasSubstr;

std::string error_of(const std::string& elf) {
  const auto metadata = parse_plugin_note(elf);
  return metadata ? "no error" : metadata.error().to_string();
}

TEST(PluginNote, GivesTheTypesOfAPlugin) {
  const auto metadata = parse_plugin_note(elf_with_metadata(metadata_of("HELLO")));
  ASSERT_TRUE(metadata) << metadata.error().to_string();
  EXPECT_EQ(metadata->abi_major, 1);
  ASSERT_EQ(metadata->types.size(), 1U);
  const PluginType& type = metadata->types[0];
  EXPECT_EQ(type.id, "HELLO");
  EXPECT_EQ(type.version, "1.2");
  EXPECT_EQ(type.vendor, "Example");
  EXPECT_EQ(type.summary, "Says hello");
  EXPECT_EQ(type.flags, std::vector<std::string>{"SPAWNS"});
  EXPECT_EQ(type.params_schema, Json({{"type", "object"}}));
}

TEST(PluginNote, SaysWhichExtensionsThePluginNeeds) {
  const auto metadata = parse_plugin_note(elf_with_metadata(metadata_of("HELLO", 1, R"("needs":["a.b/1","c.d/2"],)")));
  ASSERT_TRUE(metadata) << metadata.error().to_string();
  EXPECT_EQ(metadata->needs, (std::vector<std::string>{"a.b/1", "c.d/2"}));
  for (const char* const bad : {R"("needs":"a.b/1",)", R"("needs":[1],)", R"("needs":["\u0007"],)"})
    EXPECT_THAT(error_of(elf_with_metadata(metadata_of("HELLO", 1, bad))), HasSubstr("\"needs\"")) << bad;
}

TEST(PluginNote, MaySayWhatItsConfigurationIs) {
  const auto with = [](const std::string& config) {
    return parse_plugin_note(elf_with_metadata(
        R"({"abi":[1,0],"types":[{"id":"A","version":"1","vendor":"v","summary":"s",)" + config + R"("params":{}}]})"));
  };
  const auto metadata = with(R"("config":{"type":"object"},)");
  ASSERT_TRUE(metadata) << metadata.error().to_string();
  EXPECT_EQ(metadata->types[0].config_schema, Json({{"type", "object"}}));
  EXPECT_TRUE(with("")->types[0].config_schema.is_null());
  EXPECT_THAT(with(R"("config":[],)").error().to_string(), HasSubstr("\"config\" of A is not an object"));
}

TEST(PluginNote, IsFoundBehindOtherNotes) {
  const std::string_view name(PORPOISE_NOTE_NAME, sizeof PORPOISE_NOTE_NAME);
  const std::string segment =
      note(std::string_view("GNU", 4), "abcde", 3) + note(name, "not metadata", 2) + note(name, metadata_of("HELLO"));
  EXPECT_TRUE(parse_plugin_note(elf_with_segment(segment)));
}

TEST(PluginNote, MayEndWithTheNulOfAStringLiteral) {
  EXPECT_TRUE(parse_plugin_note(elf_with_metadata(metadata_of("HELLO") + '\0')));
}

TEST(PluginNote, OfAnotherAbiMajorGivesTheMajorAlone) {
  const auto metadata = parse_plugin_note(elf_with_metadata(R"({"abi":[2,7],"types":"something new"})"));
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->abi_major, 2);
  EXPECT_TRUE(metadata->types.empty());
}

TEST(PluginNote, ErrorsSayWhatTheFileIs) {
  EXPECT_EQ(error_of(""), "not an ELF file");
  EXPECT_EQ(error_of(std::string(4096, 'x')), "not an ELF file");
  EXPECT_THAT(error_of(elf_with_segment("")), HasSubstr("no \"porpoise\" note"));
  EXPECT_THAT(error_of(elf_with_metadata("{")), HasSubstr("bad note"));
  EXPECT_THAT(error_of(elf_with_metadata("[]")), HasSubstr("abi"));
  EXPECT_THAT(error_of(elf_with_metadata(R"({"abi":[1,0],"types":[]})")), HasSubstr("types"));
  EXPECT_THAT(error_of(elf_with_metadata(R"({"abi":[1,0],"types":[{"version":"1"}]})")), HasSubstr("no id"));
  EXPECT_THAT(error_of(elf_with_metadata(R"({"abi":[1,0],"types":[{"id":"\u001b[2J"}]})")), HasSubstr("plain text"));
  EXPECT_THAT(error_of(elf_with_metadata(std::string(5000, '['))), HasSubstr("deeper"));
}

TEST(PluginNote, OfAnotherProcessorOrFileKindIsRefused) {
  std::string other = elf_with_metadata(metadata_of("HELLO"));
  other[offsetof(Elf64_Ehdr, e_machine)] = EM_386;
  EXPECT_EQ(error_of(other), "built for another processor");
  std::string program = elf_with_metadata(metadata_of("HELLO"));
  program[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
  EXPECT_EQ(error_of(program), "not a shared library");
}

TEST(PluginNote, ImplausibleSizesAreRefusedBeforeTheyAreRead) {
  std::string many = elf_with_metadata(metadata_of("HELLO"));
  many[offsetof(Elf64_Ehdr, e_phnum) + 1] = '\x7f';
  EXPECT_THAT(error_of(many), HasSubstr("implausible"));
  std::string large = elf_with_metadata(metadata_of("HELLO"));
  large[sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz) + 6] = '\x7f';
  EXPECT_THAT(error_of(large), HasSubstr("implausible"));
}

TEST(PluginNote, ATruncatedFileIsAnErrorAtEveryLength) {
  const std::string whole = elf_with_metadata(metadata_of("HELLO"));
  ASSERT_TRUE(parse_plugin_note(whole));
  const std::size_t padding = whole.size() - whole.rfind('}') - 1;
  for (std::size_t size = 0; size + padding < whole.size(); ++size)
    EXPECT_FALSE(parse_plugin_note(std::string_view(whole).substr(0, size))) << size;
}

TEST(PluginNote, ADamagedByteOfTheHeadersNeverCrashes) {
  const std::string whole = elf_with_metadata(metadata_of("HELLO"));
  const std::size_t headers = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) + sizeof(Elf64_Nhdr);
  int survived = 0;
  for (std::size_t at = 0; at < headers; ++at) {
    std::string damaged = whole;
    damaged[at] = '\xff';
    survived += parse_plugin_note(damaged) ? 1 : 0;
  }
  EXPECT_LT(survived, static_cast<int>(headers));
}

TEST(PluginNote, OfTheBuiltPluginsNamesTheirTypes) {
  for (const auto& [file, id] : {std::pair("shell.so", "SHELL"), {"python.so", "PYTHON"}, {"http.so", "HTTP"}}) {
    const auto metadata = read_plugin_note(std::filesystem::path(PORPOISE_BUILD "/lib/porpoise/plugins") / file);
    ASSERT_TRUE(metadata) << metadata.error().to_string();
    EXPECT_EQ(metadata->types.at(0).id, id);
    EXPECT_TRUE(metadata->types.at(0).params_schema.contains("properties"));
  }
}

TEST(PluginNote, OfAMissingFileIsNotFound) {
  EXPECT_EQ(read_plugin_note("/nowhere/at/all.so").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace porpoise
