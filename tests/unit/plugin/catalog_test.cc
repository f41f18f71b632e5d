#include "plugin/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "base/file.h"
#include "unit/plugin/elf_image.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() : root_(fs::path(::testing::TempDir()) / "catalog_XXXXXX") {
    std::string name = root_.native();
    root_ = ::mkdtemp(name.data()) == nullptr ? fs::path() : fs::path(name);
  }
  ~CatalogTest() override { fs::remove_all(root_); }

  fs::path folder(const std::string& name) {
    fs::create_directories(root_ / name);
    ::chmod((root_ / name).c_str(), 0755);
    return root_ / name;
  }
  fs::path plugin(const fs::path& file, const std::string& metadata) {
    EXPECT_TRUE(write_file(file, elf_with_metadata(metadata), 0644, Durability::kAtomic));
    return file;
  }
  static void set_mode(const fs::path& path, mode_t mode) { ASSERT_EQ(::chmod(path.c_str(), mode), 0); }
  // The reason for the only problem.
  static std::string refusal(const Catalog& catalog) {
    return catalog.problems().size() == 1 ? catalog.problems()[0].reason : "not one problem";
  }

  fs::path root_;
};

TEST_F(CatalogTest, FindsTypesByIdWithTheirFile) {
  const fs::path file = plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  const Catalog catalog = Catalog::scan({root_ / "a"});
  ASSERT_NE(catalog.find("HELLO"), nullptr);
  EXPECT_EQ(catalog.find("HELLO")->file, file);
  EXPECT_EQ(catalog.find("hello"), nullptr);
  EXPECT_TRUE(catalog.problems().empty());
}

TEST_F(CatalogTest, TheFirstFolderThatHasATypeWins) {
  const fs::path first = plugin(folder("z") / "hello.so", metadata_of("HELLO"));
  const fs::path second = plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  const Catalog catalog = Catalog::scan({root_ / "z", root_ / "a"});
  EXPECT_EQ(catalog.find("HELLO")->file, first);
  ASSERT_EQ(catalog.problems().size(), 1U);
  EXPECT_EQ(catalog.problems()[0].kind, CatalogProblem::Kind::kShadowed);
  EXPECT_EQ(catalog.problems()[0].file, second);
  EXPECT_THAT(catalog.problems()[0].reason, HasSubstr(first.string()));
}

TEST_F(CatalogTest, IgnoresFilesThatAreNoLibraries) {
  EXPECT_TRUE(write_file(folder("a") / "README.md", "hello", 0644, Durability::kAtomic));
  const Catalog catalog = Catalog::scan({root_ / "a"});
  EXPECT_TRUE(catalog.types().empty());
  EXPECT_TRUE(catalog.problems().empty());
}

TEST_F(CatalogTest, RefusesGarbageWithAReason) {
  EXPECT_TRUE(write_file(folder("a") / "garbage.so", "not a library", 0644, Durability::kAtomic));
  EXPECT_EQ(refusal(Catalog::scan({root_ / "a"})), "not an ELF file");
}

TEST_F(CatalogTest, RefusesAnotherAbiByNumber) {
  plugin(folder("a") / "new.so", metadata_of("HELLO", 2));
  EXPECT_EQ(refusal(Catalog::scan({root_ / "a"})), "built for ABI 2, this porpoise has 1");
}

TEST_F(CatalogTest, RefusesAPluginThatNeedsWhatThisPorpoiseLacksByName) {
  plugin(folder("a") / "needy.so",
         metadata_of("HELLO", 1, R"("needs":["porpoise.process/1","com.example.a/1","com.example.b/2"],)"));
  const Catalog catalog = Catalog::scan({root_ / "a"});
  EXPECT_EQ(catalog.find("HELLO"), nullptr);
  EXPECT_EQ(refusal(catalog), "needs what this porpoise does not have: com.example.a/1, com.example.b/2");
}

TEST_F(CatalogTest, TakesAPluginThatNeedsWhatThereIs) {
  plugin(folder("a") / "hello.so", metadata_of("HELLO", 1, R"("needs":["porpoise.alert/1","porpoise.branch/1"],)"));
  EXPECT_NE(Catalog::scan({root_ / "a"}).find("HELLO"), nullptr);
}

TEST_F(CatalogTest, ReadsTheNoteThatTheMacroOfTheHeaderWrites) {
  const fs::path built = PORPOISE_BUILD "/tests/plugin_fixtures";
  fs::copy_file(built / "needs_unknown.so", folder("a") / "needy.so");
  EXPECT_EQ(refusal(Catalog::scan({root_ / "a"})), "needs what this porpoise does not have: com.example.teleport/1");
  fs::copy_file(built / "wrong_major.so", folder("b") / "next.so");
  EXPECT_EQ(refusal(Catalog::scan({root_ / "b"})), "built for ABI 2, this porpoise has 1");
}

TEST_F(CatalogTest, RefusesAFileThatEverybodyMayWrite) {
  set_mode(plugin(folder("a") / "hello.so", metadata_of("HELLO")), 0646);
  const Catalog catalog = Catalog::scan({root_ / "a"});
  EXPECT_EQ(catalog.find("HELLO"), nullptr);
  EXPECT_THAT(refusal(catalog), HasSubstr("writable by everybody; run: chmod o-w"));
}

TEST_F(CatalogTest, RefusesAFolderThatEverybodyMayWrite) {
  plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  set_mode(root_ / "a", 0777);
  const Catalog catalog = Catalog::scan({root_ / "a"});
  EXPECT_TRUE(catalog.types().empty());
  EXPECT_THAT(refusal(catalog),
              HasSubstr("the folder is writable by everybody; run: chmod o-w '" + (root_ / "a").string()));
}

TEST_F(CatalogTest, RefusesAFileThatAForeignGroupMayWrite) {
  const fs::path file = plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  if (::chown(file.c_str(), static_cast<uid_t>(-1), 65000) != 0) GTEST_SKIP() << "only root can give a file to a group";
  set_mode(file, 0664);
  EXPECT_THAT(refusal(Catalog::scan({root_ / "a"})), HasSubstr("writable by group 65000; run: chmod g-w"));
}

TEST_F(CatalogTest, TrustsTheGroupOfRoot) {
  const fs::path file = plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  if (::chown(file.c_str(), static_cast<uid_t>(-1), 0) != 0) GTEST_SKIP() << "only root can give a file to a group";
  set_mode(file, 0664);
  EXPECT_NE(Catalog::scan({root_ / "a"}).find("HELLO"), nullptr);
}

TEST_F(CatalogTest, RefusesAFileOfAnotherUser) {
  const fs::path file = plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  if (::chown(file.c_str(), 65000, 0) != 0) GTEST_SKIP() << "only root can give a file away";
  EXPECT_THAT(refusal(Catalog::scan({root_ / "a"})), HasSubstr("belongs to another user (uid 65000)"));
}

TEST_F(CatalogTest, ASymbolicLinkIsJudgedByWhereItLeads) {
  const fs::path real = plugin(folder("open") / "hello.so", metadata_of("HELLO"));
  fs::create_symlink(real, folder("a") / "hello.so");
  EXPECT_NE(Catalog::scan({root_ / "a"}).find("HELLO"), nullptr);
  set_mode(root_ / "open", 0777);
  EXPECT_THAT(refusal(Catalog::scan({root_ / "a"})),
              HasSubstr("its folder is writable by everybody; run: chmod o-w '" + (root_ / "open").string()));
}

TEST_F(CatalogTest, ADanglingLinkAndAMissingFolderAreProblems) {
  fs::create_symlink(root_ / "gone", folder("a") / "hello.so");
  const Catalog catalog = Catalog::scan({root_ / "a", root_ / "missing"});
  ASSERT_EQ(catalog.problems().size(), 2U);
  EXPECT_THAT(catalog.problems()[0].reason, HasSubstr("No such file"));
  EXPECT_EQ(catalog.problems()[1].file, root_ / "missing");
}

TEST_F(CatalogTest, AnUnknownTypeGetsASuggestionOrTheListOfTypes) {
  plugin(folder("a") / "hello.so", metadata_of("HELLO"));
  const Catalog catalog = Catalog::scan({root_ / "a"});
  EXPECT_EQ(catalog.nearest("helo"), "HELLO");
  EXPECT_THAT(catalog.unknown_type("hello").message(), HasSubstr("did you mean 'HELLO'?"));
  EXPECT_THAT(catalog.unknown_type("SPARK").message(), HasSubstr("there are HELLO"));
  EXPECT_THAT(Catalog::scan({folder("empty")}).unknown_type("HELLO").message(),
              HasSubstr("searched " + root_.string()));
}

// A worker's start scanned the folders once more to say this.
TEST_F(CatalogTest, NamesTheSectionsOfTheConfigurationThatNoPluginOfItTakes) {
  plugin(folder("a") / "hello.so",
         R"({"abi":[1,0],"types":[{"id":"HELLO","version":"1","vendor":"v","summary":"s","params":{},"config":)"
         R"({"type":"object","properties":{"shell":{"type":"string"}},"additionalProperties":false}}]})");
  const Catalog catalog = Catalog::scan({root_ / "a"});
  EXPECT_THAT(catalog.mistakes_in({{"HELLO", {{"shell", "bash"}}}}), IsEmpty());
  EXPECT_THAT(
      catalog.mistakes_in({{"HELLO", {{"shel", "bash"}}}, {"HELO", Json::object()}}),
      ElementsAre(StartsWith("plugins.HELLO/shel: "), HasSubstr("plugins.HELO: no plugin for task type 'HELO'")));
}

TEST_F(CatalogTest, IsQuickEnoughForEveryCommand) {
  for (const std::string name : {"a", "b", "c", "d", "e"}) plugin(folder("p") / (name + ".so"), metadata_of(name));
  const auto start = std::chrono::steady_clock::now();
  const Catalog catalog = Catalog::scan({root_ / "p"});
  const auto taken = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(catalog.types().size(), 5U);
  EXPECT_LT(taken, std::chrono::milliseconds(100)) << "about 1 ms without sanitizers on an idle machine";
}

TEST_F(CatalogTest, SearchPathGoesFromTheGivenToTheInstalled) {
  folder("prefix/bin");
  folder("prefix/lib/porpoise/plugins");
  const auto folders = search_path({"/given"}, "/one::/two", root_ / "prefix/bin");
  ASSERT_EQ(folders.size(), 4U);
  EXPECT_EQ(folders[0], "/given");
  EXPECT_EQ(folders[1], "/one");
  EXPECT_EQ(folders[2], "/two");
  EXPECT_EQ(folders[3], root_ / "prefix/lib/porpoise/plugins");
  EXPECT_TRUE(search_path({}, "", root_ / "nowhere/bin").empty());
}

}  // namespace
}  // namespace porpoise
