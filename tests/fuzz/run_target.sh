#!/usr/bin/env bash
# run_target.sh TARGET SECONDS FOLDER: fuzzes from the checked-in corpus; new inputs and crashes go to FOLDER.
set -euo pipefail
target=$1 seconds=$2 folder=$3
name=$(basename "$target" _fuzz)
seeds=$(dirname "${BASH_SOURCE[0]}")/corpus/$name
grown=$folder/corpus/$name
mkdir -p "$grown"
[[ -d $seeds ]] || seeds=
log=$folder/$name.log
if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$folder/$name-" -print_final_stats=1 \
  "$grown" $seeds >"$log" 2>&1; then
  printf 'fuzz %-16s clean, %s runs in %s s\n' "$name" "$(awk '/stat::number_of_executed_units/ {print $2}' "$log")" "$seconds"
else
  tail -n 40 "$log" >&2
  printf 'fuzz %s FAILED, see %s\n' "$name" "$log" >&2
  exit 1
fi
