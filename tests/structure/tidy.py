#!/usr/bin/env python3
"""tidy.py BUILD JOBS: clang-tidy over src and plugins, as BUILD compiles them, a unity build with clang.

A unit includes some files of one folder, so that their common headers are read once. BUILD has its precompiled header
already. Exit code 1 when there is a finding; each is printed once, with its place.
"""

import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIDY = "clang-tidy-14"
# A unity unit includes .cc files: that is its purpose.
CHECKS = "--checks=-bugprone-suspicious-include"


def units(build):
    """The C++ sources of src and plugins in the build's compile_commands.json: unity units, or files that have none."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        folder = file.relative_to(build) if file.is_relative_to(build) else file.relative_to(ROOT)
        if folder.parts[0] in ("src", "plugins") and file.suffix in (".cc", ".cxx") and "cmake_pch" not in file.name:
            yield file


def check(build, unit):
    """The findings in one unit, and what else clang-tidy says when it fails without one."""
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", CHECKS, str(unit)], capture_output=True, text=True, cwd=ROOT)
    findings = re.split(r"^(?=/\S+:\d+:\d+: (?:warning|error): )", done.stdout, flags=re.MULTILINE)
    findings = [finding.replace(f"{ROOT}/", "").rstrip() for finding in findings if finding.strip()]
    if done.returncode != 0 and not findings:
        findings = [f"{unit}: {TIDY} ended with {done.returncode}:\n{done.stderr.strip()}"]
    return findings


def main(build, jobs):
    found = sorted(set(units(build)))
    if not found:
        sys.exit(f"{build}/compile_commands.json has no source of src or plugins")
    with ThreadPoolExecutor(jobs) as pool:
        findings = dict.fromkeys(finding for unit in pool.map(lambda one: check(build, one), found) for finding in unit)
    for finding in findings:
        print(finding)
    print(f"{TIDY}: {len(found)} units, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), int(sys.argv[2])))
