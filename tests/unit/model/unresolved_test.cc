#include "model/parameter_resolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace porpoise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names(const Json& params, const ParameterValues& values = {}) {
  const auto is_variable = [](const std::string& name) { return name == "HOME" || name == "day_of_env"; };
  std::vector<std::string> found;
  for (const Unresolved& one : unresolved_placeholders(params, values, {}, is_variable))
    found.push_back(one.name + " in " + one.place);
  return found;
}

std::vector<std::string> in_script(const std::string& script, const ParameterValues& values = {}) {
  return names({{"rawScript", script}}, values);
}

TEST(Unresolved, NamesWhatNobodyGivesAValueInTextsThatHaveNoOtherReading) {
  EXPECT_THAT(names({{"sql", "SELECT '${day}', ${table}"}}, {{"table", "t"}}), ElementsAre("day in sql"));
  EXPECT_THAT(names({{"url", "http://h/${ day }"}, {"httpParams", {{{"prop", "a"}, {"value", "${x.y}"}}}}}),
              ElementsAre("x.y in httpParams/0/value", " day  in url"));
  EXPECT_THAT(names({{"sql", "${HOME} ${day_of_env}"}}), ElementsAre("HOME in sql", "day_of_env in sql"));
  EXPECT_THAT(names({{"switchResult", {{"dependTaskList", {{{"condition", "${auc} > 0.5"}, {"nextNode", 1}}}}}}}),
              ElementsAre("auc in switchResult/dependTaskList/0/condition"));
}

TEST(Unresolved, NamesWhatAValueLeadsTo) {
  EXPECT_THAT(names({{"sql", "SELECT ${a}"}}, {{"a", "${b}"}}), ElementsAre("b in sql"));
  EXPECT_THAT(in_script("echo ${a}", {{"a", "${b}"}}), ElementsAre("b in rawScript"));
}

TEST(Unresolved, TellsEachNameOnce) {
  EXPECT_THAT(names({{"sql", "${a} ${a} ${b}"}}), ElementsAre("a in sql", "b in sql"));
}

TEST(Unresolved, LooksAtNoDeclarations) {
  EXPECT_THAT(
      names({{"localParams", {{{"prop", "a"}, {"value", "${b}"}}}}, {"resourceList", {{{"resourceName", "${c}"}}}}}),
      IsEmpty());
}

TEST(Unresolved, LeavesTheShellWhatIsTheShells) {
  for (const char* script :
       {"echo ${HOME} ${day_of_env}", "day=1\necho ${day}", "for f in *; do echo ${f}; done",
        "read -r line; echo ${line}", "local x; echo ${x}",
        "echo ${1} ${#} ${#a} ${a:-b} ${a[0]} ${!a} ${a%.x} ${a//x/y} ${a^^} ${a@Q}", "echo ${RANDOM} ${PIPESTATUS}",
        ". ./lib.sh\necho ${day}", "if true; then . lib.sh; fi; echo ${day}", "  source lib.sh; echo ${day}",
        "eval \"$(x)\"\necho ${day}", ": ${day:=1}; echo ${day}", "echo '${setValue(k=v)}'",
        "node -e 'const user={}; console.log(`${user.name}`)'", "echo ${unfinished", "echo $day"})
    EXPECT_THAT(in_script(script), IsEmpty()) << script;
}

TEST(Unresolved, NamesInAScriptWhatNothingInItGives) {
  EXPECT_THAT(in_script("echo ${day}"), ElementsAre("day in rawScript"));
  EXPECT_THAT(in_script("echo ${system.biz.dat}"), ElementsAre("system.biz.dat in rawScript"));
  EXPECT_THAT(in_script("today=1; echo ${day} $day ${day}"), ElementsAre("day in rawScript"));
  EXPECT_THAT(in_script("ls ./source. x; echo ${day}"), ElementsAre("day in rawScript"));
  EXPECT_THAT(in_script("print('${table}')"), ElementsAre("table in rawScript"));
}

TEST(Unresolved, HasNoneWhereThePlaceholdersThemselvesAreWrong) {
  EXPECT_THAT(names({{"sql", "${a}"}}, {{"a", "${a}"}}), IsEmpty());  // the task itself fails, and says so
}

TEST(Unresolved, IsBoundedAndQuickOnHostileText) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "${a" + std::to_string(i) + "}";
  EXPECT_EQ(names({{"sql", text.substr(0, 500000)}}).size(), 20U);
  EXPECT_THAT(names({{"sql", std::string(1000000, '{')}}), IsEmpty());
}

}  // namespace
}  // namespace porpoise
