#!/bin/sh
# documents.sh PORPOISE FOLDER CHANGELOG: what a package has beside programs, into FOLDER: man pages, completions,
# porpoise.yaml with every key in a comment, and the changelogs.
set -eu
porpoise=$1 folder=$2 changelog=$3
rm -rf "$folder/man" "$folder/complete"
mkdir -p "$folder"

"$porpoise" help --man-dir "$folder/man"
gzip -9n "$folder"/man/man*/*
"$porpoise" completion bash >"$folder/porpoise.bash"
"$porpoise" completion zsh >"$folder/_porpoise"
"$porpoise" completion fish >"$folder/porpoise.fish"
"$porpoise" config example >"$folder/porpoise.yaml"

# "porpoise 0.1.0" and "commit 1a2b3c of 2026-01-31".
version=$("$porpoise" --version)
day=$(printf '%s\n' "$version" | sed -n 's/^commit .* of //p')
gzip -9n >"$folder/changelog.gz" <<TEXT
porpoise ($(printf '%s\n' "$version" | sed -n 's/^porpoise //p')) unstable; urgency=medium

  * What is new: NEWS.md.gz beside this file.

 -- porpoise maintainers <maintainers@porpoise.example>  $(LC_ALL=C date -u -R -d "$day")
TEXT
gzip -9nc "$changelog" >"$folder/NEWS.md.gz"
touch "$folder/complete"
