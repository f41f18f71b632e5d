#include "script_file/python_command.h"

namespace porpoise::script_file {
namespace {

// Bash, because PYTHON_HOME is known only after the task's environment was set up. 3.1 runs `${PYTHON_HOME} <script>`,
// which works for an interpreter or a command prefix alone; a folder (the shipped default) or no value failed there.
// ${x:-} throughout: the environment may have said `set -u`.
constexpr std::string_view kRunPython = R"bash(
porpoise_run_python() {
  local home="${PYTHON_HOME:-}" python='' reason=''
  export PYTHONUNBUFFERED="${PYTHONUNBUFFERED:-1}"
  if [[ -z "$home" ]]; then
    python="$(type -P python3 || type -P python || true)"
    reason='PYTHON_HOME is not set, found in PATH'
    if [[ -z "$python" ]]; then
      echo 'no Python interpreter: PYTHON_HOME is not set and PATH has neither python3 nor python' >&2
      return 127
    fi
  elif [[ -f "$home" && -x "$home" ]]; then
    python="$home"
    reason='PYTHON_HOME is this file'
  elif [[ -d "$home" ]]; then
    for python in "${home%/}/bin/python3" "${home%/}/bin/python" ''; do
      if [[ -f "$python" && -x "$python" ]]; then break; fi
    done
    reason="PYTHON_HOME is the folder $home"
    if [[ -z "$python" ]]; then
      echo "no Python interpreter: PYTHON_HOME is the folder $home, which has neither bin/python3 nor bin/python" >&2
      return 127
    fi
  else
    local -a words=($home)
    if ! type -t -- "${words[0]:-}" >/dev/null; then
      echo "no Python interpreter: PYTHON_HOME=$home is neither an executable file, a folder nor a command" >&2
      return 127
    fi
    $porpoise_names "Python interpreter: $home (PYTHON_HOME is this command)" >&2
    "${words[@]}" "$@"
    return
  fi
  $porpoise_names "Python interpreter: $python ($reason)" >&2
  "$python" "$@"
}
porpoise_run_python )bash";

}  // namespace

std::string python_command(std::string_view words, bool names_interpreter) {
  return std::string("porpoise_names=") + (names_interpreter ? "echo" : "true") + std::string(kRunPython) +
         std::string(words);
}

}  // namespace porpoise::script_file
