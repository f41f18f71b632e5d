// Completion at the prompt of bash, zsh and fish. The script of a shell (`porpoise completion bash`) knows no command
// and no option: with each TAB it asks the program itself, `porpoise __complete WORD...`, which answers from what
// command_line.cc declares.
//
// ValueSource may read this machine; all else is pure. Any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_tree.h"

namespace porpoise {

// The word by which a script asks. Not for people, so it is in no help.
inline constexpr std::string_view kAskForCompletion = "__complete";

struct Candidate {
  std::string word;
  std::string about;
};

struct Completion {
  std::vector<Candidate> candidates;  // whole words; those that begin with what is typed
  bool wants_files = false;           // the shell knows better than porpoise which there are
  bool wants_folders = false;
};

// What there is on this machine of a kind: "TYPE", as a value is called, or the name of a command whose words are for a
// program (CommandEntry::is_program), of which the first is to be completed.
using ValueSource = std::function<std::vector<Candidate>(std::string_view kind)>;

// `words`: those after "porpoise", the last of which is being typed and may be empty.
Completion complete(const CommandEntry& root, const std::vector<std::string>& words, const ValueSource& values);

// As a script reads it: a line for each candidate, "WORD<TAB>ABOUT", then ":files" or ":folders".
std::string completion_lines(const Completion& completion);

// Of "bash", "zsh" or "fish"; empty for another one.
std::string_view completion_script(std::string_view shell);

}  // namespace porpoise
