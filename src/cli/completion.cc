#include "cli/completion.h"

#include <algorithm>
#include <utility>

namespace porpoise {
namespace {

// Where the word that is being typed stands.
struct Place {
  const CommandEntry* command = nullptr;
  const OptionEntry* option = nullptr;  // whose value it is
  std::size_t values = 0;               // of those without an option, how many stand before it
  bool options_ended = false;           // by "--"
  std::vector<const OptionEntry*> given;
};

void take(const std::string& word, Place& place) {
  if (std::exchange(place.option, nullptr) != nullptr) return;  // it was the value
  if (place.options_ended || !word.starts_with('-') || word == "-") {
    const CommandEntry* const below = place.command->find_command(word);
    if (below != nullptr && place.values == 0)
      place.command = below;
    else
      ++place.values;
    return;
  }
  if (word == "--") {
    place.options_ended = true;
    return;
  }
  const std::size_t equals = word.find('=');
  const OptionEntry* const option = place.command->find_option(word.substr(0, equals));
  if (option == nullptr) return;
  place.given.push_back(option);
  if (!option->value.empty() && equals == std::string::npos) place.option = option;
}

class Completer {
 public:
  Completer(std::string typed, const ValueSource& values) : typed_(std::move(typed)), values_(values) {}

  // `before`: what stands before a value in the same word, "--log-level=".
  void offer_value(const OptionEntry& option, const std::string& before) {
    for (const std::string& choice : option.choices) offer(before + choice, "");
    if (!option.choices.empty()) return;
    if (option.value == "FILE" || option.value == "PATH")
      result_.wants_files = true;
    else if (option.value == "DIR")
      result_.wants_folders = true;
    else
      for (const Candidate& candidate : values_(option.value)) offer(before + candidate.word, candidate.about);
  }

  void offer_options(const Place& place) {
    for (const OptionEntry& option : place.command->options) {
      const bool is_given = std::find(place.given.begin(), place.given.end(), &option) != place.given.end();
      if (is_given && !option.repeated) continue;
      const bool has_long = std::any_of(option.names.begin(), option.names.end(), is_long);
      for (const std::string& name : option.names)
        if (is_long(name) || !has_long) offer(name, option.help);
    }
  }

  void offer_words(const Place& place) {
    if (place.command->is_program) {
      if (place.values > 0) return;
      for (const Candidate& candidate : values_(place.command->name)) offer(candidate.word, candidate.about);
      return;
    }
    for (const CommandEntry& command : place.command->commands) offer(command.name, command.summary);
    const std::vector<OptionEntry>& values = place.command->values;
    if (values.empty()) return;
    if (place.values < values.size())
      offer_value(values[place.values], "");
    else if (values.back().repeated)
      offer_value(values.back(), "");
  }

  Completion result() && { return std::move(result_); }

 private:
  static bool is_long(const std::string& name) { return name.starts_with("--"); }

  void offer(std::string word, std::string about) {
    if (word.starts_with(typed_)) result_.candidates.push_back({std::move(word), std::move(about)});
  }

  std::string typed_;
  const ValueSource& values_;
  Completion result_;
};

}  // namespace

Completion complete(const CommandEntry& root, const std::vector<std::string>& words, const ValueSource& values) {
  if (words.empty()) return {};
  Place place;
  place.command = &root;
  for (std::size_t at = 0; at + 1 < words.size(); ++at) take(words[at], place);
  const std::string& typed = words.back();
  Completer completer(typed, values);
  if (place.option != nullptr) {
    completer.offer_value(*place.option, "");
    return std::move(completer).result();
  }
  const std::size_t equals = typed.find('=');
  if (!place.options_ended && typed.starts_with("--") && equals != std::string::npos) {
    const OptionEntry* const option = place.command->find_option(typed.substr(0, equals));
    if (option != nullptr) completer.offer_value(*option, typed.substr(0, equals + 1));
    return std::move(completer).result();
  }
  if (place.options_ended || !typed.starts_with('-') || typed == "-") completer.offer_words(place);
  // Where nothing else can follow, an empty word shows the options.
  const bool only_options = place.command->commands.empty() && place.command->values.empty();
  if (!place.options_ended && (typed.starts_with('-') || only_options)) completer.offer_options(place);
  return std::move(completer).result();
}

std::string completion_lines(const Completion& completion) {
  std::string lines;
  for (const Candidate& candidate : completion.candidates) {
    std::string about = candidate.about;
    std::replace(about.begin(), about.end(), '\n', ' ');
    lines += candidate.word + "\t" + about + "\n";
  }
  if (completion.wants_files) lines += ":files\n";
  if (completion.wants_folders) lines += ":folders\n";
  return lines;
}

namespace {

// Readline breaks words at = and :, so what belongs together is put together again, and of each candidate only what
// stands behind the last break is given back.
constexpr std::string_view kBash =
    R"BASH(# bash completion of porpoise; what there is to complete, the program itself knows.
_porpoise() {
  local words=() word piece i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if ((${#words[@]})) && [[ $word =~ ^[=:]+$ || ${COMP_WORDS[i - 1]} =~ ^[=:]+$ ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  piece=${COMP_WORDS[COMP_CWORD]}
  [[ $piece =~ ^[=:]+$ ]] && piece=
  local whole=${words[-1]} line
  local before=${whole%"$piece"}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$piece") ;;
      :folders) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$piece") ;;
      *) line=${line%%$'\t'*}; COMPREPLY+=("${line#"$before"}") ;;
    esac
  done < <("$1" __complete "${words[@]}" 2>/dev/null)
}
complete -F _porpoise porpoise
)BASH";

constexpr std::string_view kZsh = R"ZSH(#compdef porpoise
# zsh completion of porpoise; what there is to complete, the program itself knows.
_porpoise() {
  local line tab=$'\t'
  local -a found
  local files='' folders=''
  while IFS= read -r line; do
    case $line in
      (:files) files=1 ;;
      (:folders) folders=1 ;;
      (*) found+=("${${line%%$tab*}//:/\\:}:${line#*$tab}") ;;
    esac
  done < <(_call_program words "${(q)words[1]}" __complete "${(q@)${(Q@)words[2,CURRENT]}}")
  (( $#found )) && _describe -V 'porpoise' found
  if [[ -n $files$folders ]]; then
    compset -P '--*='
    if [[ -n $files ]]; then _files; else _files -/; fi
  fi
}
if [[ $funcstack[1] == _porpoise ]]; then
  _porpoise "$@"
else
  compdef _porpoise porpoise
fi
)ZSH";

constexpr std::string_view kFish =
    R"FISH(# fish completion of porpoise; what there is to complete, the program itself knows.
function __porpoise_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l typed (commandline --current-token --cut-at-cursor)
    for line in ($words[1] __complete $words[2..-1] "$typed" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path (string replace --regex '^--[^=]*=' '' -- "$typed")
            case ':folders'
                __fish_complete_directories (string replace --regex '^--[^=]*=' '' -- "$typed") ''
            case '*'
                echo $line
        end
    end
end
complete --command porpoise --no-files --arguments '(__porpoise_complete)'
)FISH";

}  // namespace

std::string_view completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  return shell == "fish" ? kFish : std::string_view();
}

}  // namespace porpoise
