// `porpoise doctor NAME` and `porpoise sandbox [NAME]`: become a program that a plugin brings along
// (plugin/catalog.h).
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "plugin/catalog.h"

namespace porpoise {
namespace {

struct Kind {
  const char* word;   // the subcommand, and in the name of the program
  const char* about;  // for its help
};
constexpr Kind kDoctor{"doctor", "Looks at what tasks need, and says what is missing and how to mend it"};
constexpr Kind kSandbox{"sandbox", "Runs a stand-in for what tasks talk to, for development"};

int show_usage(const Kind& kind) {
  std::string text = std::string(kind.about) + "\nUsage: porpoise " + kind.word +
                     " NAME [OPTIONS]\n\nNames, each with a --help of its own:\n";
  for (const Companion& companion : find_companions(kind.word, executable_folder()))
    text += "  " + companion.name + "\n";
  Output output = standard_output();
  output.write(text);
  return finished(output, kExitOk);
}

// Returns only when the program could not be started. `words` begin with the name of the companion.
int become(const Kind& kind, std::vector<std::string> words) {
  const auto companion = find_companion(kind.word, words[0], executable_folder());
  if (!companion) return print_error(companion.error(), kExitUsage);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(companion->file.c_str(), argv.data());
  return print_error(errno_error("cannot start " + companion->file.string(), errno), kExitEnvironment);
}

bool asks_for_help(const std::vector<std::string>& words) {
  return words.empty() || words[0] == "--help" || words[0] == "-h";
}

}  // namespace

int run_doctor(const std::vector<std::string>& words) {
  return asks_for_help(words) ? show_usage(kDoctor) : become(kDoctor, words);
}

// Where there is one sandbox, its name need not be given: `porpoise sandbox --port 9080`.
int run_sandbox(const std::vector<std::string>& words) {
  const bool is_named = !words.empty() && words[0].rfind('-', 0) != 0;
  if (is_named) return become(kSandbox, words);
  const std::vector<Companion> known = find_companions(kSandbox.word, executable_folder());
  const bool asks = !words.empty() && asks_for_help(words);
  if (asks || (words.empty() && known.size() != 1)) return show_usage(kSandbox);
  if (known.size() != 1) return print_error("say which sandbox; see porpoise sandbox --help", kExitUsage);
  std::vector<std::string> named{known[0].name};
  named.insert(named.end(), words.begin(), words.end());
  return become(kSandbox, std::move(named));
}

}  // namespace porpoise
