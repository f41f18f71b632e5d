#include "plugin/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.h"

namespace porpoise {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Companions : public ::testing::Test {
 protected:
  Companions() { fs::create_directories(bin()); }
  fs::path bin() const { return folder_.path() / "bin"; }
  void program(const std::string& name, fs::perms mode = fs::perms::owner_all) const {
    const fs::path file = folder_.path() / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << "#!/bin/sh\n";
    fs::permissions(file, mode);
  }

  support::TempFolder folder_{"companions"};
};

TEST_F(Companions, AreFoundByNameBesideTheProgramAndInLibexec) {
  program("bin/porpoise-doctor-zebra");
  program("libexec/porpoise/porpoise-doctor-ant");
  program("bin/porpoise-sandbox-other");
  const std::vector<Companion> found = find_companions("doctor", bin());
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "ant");
  EXPECT_EQ(found[1].name, "zebra");
  EXPECT_EQ(found[1].file, bin() / "porpoise-doctor-zebra");
}

TEST_F(Companions, OneBesideTheProgramComesBeforeOneOfTheSameNameInLibexec) {
  program("libexec/porpoise/porpoise-doctor-ant");
  program("bin/porpoise-doctor-ant");
  const std::vector<Companion> found = find_companions("doctor", bin());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].file, bin() / "porpoise-doctor-ant");
}

TEST_F(Companions, AFileThatCannotBeExecutedIsNotOne) {
  if (::geteuid() == 0) {  // root may execute a file that has the right for anybody
    program("bin/porpoise-doctor-ant", fs::perms::owner_read | fs::perms::owner_write);
  } else {
    program("bin/porpoise-doctor-ant", fs::perms::owner_read);
  }
  EXPECT_TRUE(find_companions("doctor", bin()).empty());
}

TEST_F(Companions, AMistypedNameIsAnErrorWithTheOneThatWasMeant) {
  program("bin/porpoise-doctor-zebra");
  const auto found = find_companion("doctor", "zebar", bin());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(found.error().message(), HasSubstr("no doctor for 'zebar'"));
  EXPECT_THAT(found.error().message(), HasSubstr("did you mean 'zebra'?"));
}

TEST(CompanionName, IsTheTaskTypeInLowerCase) { EXPECT_EQ(companion_name("OPENMLDB"), "openmldb"); }

}  // namespace
}  // namespace porpoise
