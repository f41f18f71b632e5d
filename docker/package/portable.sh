#!/usr/bin/env bash
# portable.sh BUILD FOLDER: a tarball of the build that runs on any Linux with glibc 2.36 or later: every other library that
# its programs need lies in lib/porpoise/libraries, and they look there first ($ORIGIN). Prints the name of the tarball.
set -euo pipefail
build=$1 folder=$2

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
version=$("$build/bin/porpoise" --version | sed -n 's/^porpoise //p')
name=porpoise-$version-linux-$(uname -m)
top=$stage/$name
cmake --install "$build" --prefix "$top" --strip >"$folder/portable.log"
cp "$(dirname "$0")/../../LICENSE" "$(dirname "$0")/../../CHANGELOG.md" "$top/"

# What every machine has, and must: its own glibc and what belongs to it.
of_the_machine='^(linux-vdso|ld-linux.*|libc|libm|libdl|librt|libpthread|libresolv|libutil)\.so'
libraries=$top/lib/porpoise/libraries
mkdir -p "$libraries"
mapfile -t programs < <(find "$top/bin" "$top/libexec" "$top/lib" -type f -exec sh -c 'head -c 4 "$1" | grep -q ELF' _ {} \; -print)
for program in "${programs[@]}"; do
  ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $1, $3 }'
done | sort -u | while read -r soname file; do
  [[ $soname =~ $of_the_machine ]] || install -m 0644 "$file" "$libraries/$soname"
done
# RPATH, not RUNPATH: it holds for the libraries of libraries, too.
for program in "${programs[@]}"; do
  patchelf --force-rpath --set-rpath "\$ORIGIN/$(realpath --relative-to "$(dirname "$program")" "$libraries")" "$program"
done
for library in "$libraries"/*; do patchelf --force-rpath --set-rpath '$ORIGIN' "$library"; done

tar -C "$stage" --owner=0 --group=0 --sort=name -cJf "$folder/$name.tar.xz" "$name"
echo "$folder/$name.tar.xz"
