#!/usr/bin/env python3
"""tidy.py BUILD JOBS: clang-tidy over src and plugins, as BUILD compiles them, a unity build with clang.

The files of a folder are read as one unit each, so that what they include is read once: that is what takes the time.
BUILD has its precompiled header already. Exit code 1 when there is a finding; each is printed once, with its place.
"""

import json
import re
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-14"
# A unit includes .cc files: that is its purpose.
CHECKS = "--checks=-bugprone-suspicious-include"
INCLUDED = re.compile(r'^#include "(/.*\.cc)"$', re.MULTILINE)


def targets(build):
    """Target -> what compiles it, and the C++ sources of src and plugins in it, from the build's compile_commands.json."""
    found = defaultdict(lambda: ([], []))
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        sources = [Path(name) for name in INCLUDED.findall(file.read_text())] if "Unity" in file.parts else [file]
        sources = [one for one in sources if one.is_relative_to(ROOT) and one.relative_to(ROOT).parts[0] in ("src", "plugins")
                   and one.suffix == ".cc" and not one.is_relative_to(build)]
        words = shlex.split(entry["command"])
        output = words[words.index("-o") + 1]
        if file.suffix not in (".cc", ".cxx") or "cmake_pch" in file.name:
            continue
        command, listed = found[re.search(r"([^/]+)\.dir/", output)[1]]
        listed += sources
        command[:] = words[:words.index("-o")]
    return {target: parts for target, parts in found.items() if parts[1]}


def write_units(build):
    """Writes a unit a target, and a compile_commands.json for all of them; largest first, as they take the longest."""
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    entries = []
    for target, (command, sources) in targets(build).items():
        unit = folder / f"{target}.cc"
        unit.write_text("".join(f'#include "{source}"\n' for source in sources))
        entries.append((sum(source.stat().st_size for source in sources),
                        {"directory": str(build), "file": str(unit), "arguments": [*command, "-c", str(unit)]}))
    entries.sort(key=lambda entry: -entry[0])
    (folder / "compile_commands.json").write_text(json.dumps([entry for _, entry in entries]))
    return folder, [Path(entry["file"]) for _, entry in entries]


def check(folder, unit):
    """The findings in one unit, and what else clang-tidy says when it fails without one."""
    began = time.monotonic()
    done = subprocess.run([TIDY, "-p", str(folder), "--quiet", CHECKS, str(unit)], capture_output=True, text=True, cwd=ROOT)
    findings = re.split(r"^(?=/\S+:\d+:\d+: (?:warning|error): )", done.stdout, flags=re.MULTILINE)
    findings = [finding.replace(f"{ROOT}/", "").rstrip() for finding in findings if finding.strip()]
    if done.returncode != 0 and not findings:
        findings = [f"{unit}: {TIDY} ended with {done.returncode}:\n{done.stderr.strip()}"]
    return findings, f"{unit.stem} {time.monotonic() - began:.0f} s"


def main(build, jobs):
    folder, units = write_units(build)
    if not units:
        sys.exit(f"{build}/compile_commands.json has no source of src or plugins")
    with ThreadPoolExecutor(jobs) as pool:
        done = list(pool.map(lambda unit: check(folder, unit), units))
    findings = dict.fromkeys(finding for found, _ in done for finding in found)
    for finding in findings:
        print(finding)
    print(f"{TIDY}: {len(units)} units, {len(findings)} findings; {', '.join(took for _, took in done[:3])}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), int(sys.argv[2])))
