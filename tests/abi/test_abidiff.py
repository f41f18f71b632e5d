"""The plugin ABI against the kept dump of 1.0 (porpoise-abi-1.0.xml), by libabigail.

The dump was made from the headers in the folder 1.0:
  cc -g -shared -fPIC -I 1.0 types.c -o types.so
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs --out-file porpoise-abi-1.0.xml types.so
Neither ever changes. A later minor adds its own folder and dump beside them.
"""

import os
import pathlib
import platform
import re
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parents[1] / "include"
DUMP = HERE / "porpoise-abi-1.0.xml"


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=60)


EXTENSIONS = {"porpoise_alert", "porpoise_branch", "porpoise_dry_run", "porpoise_process", "porpoise_process_spec",
              "porpoise_child"}


def not_growth(report: str) -> list[str]:
    """The lines of a leaf report that tell of more than members appended to a struct that may grow."""
    left, old_bits, may_grow = [], 0, False
    for line in report.splitlines():
        struct = re.match(r"'struct (\w+)' changed:$", line)
        size = re.match(r"  type size changed from (\d+) to \d+ \(in bits\)$", line)
        member = re.match(r"    '.*', at offset (\d+) \(in bits\)$", line)
        if struct:
            may_grow = struct[1] not in EXTENSIONS
            if not may_grow:
                left.append(line)
        elif size:
            old_bits = int(size[1])
        elif member and may_grow and int(member[1]) >= old_bits > 0:
            pass
        elif not re.match(r"(  \d+ data member insertions?:$|.*(changes? summary|types summary|(func|vari).* summary):|$)", line):
            left.append(line)
        elif re.search(r"[1-9]\d* Removed|[1-9]\d* Changed", line):
            left.append(line)
    return left


@unittest.skipUnless(shutil.which("abidiff"), "needs abidiff: apt-get install abigail-tools")
@unittest.skipUnless(platform.machine() == "x86_64", "the dump is of x86-64")
class Abidiff(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def build(self, headers: pathlib.Path) -> pathlib.Path:
        library = self.folder / "types.so"
        done = run(os.environ.get("CC", "cc"), "-g", "-shared", "-fPIC", "-I", headers, HERE / "types.c", "-o", library)
        self.assertEqual(done.returncode, 0, done.stderr)
        return library

    def problems(self, headers: pathlib.Path) -> list[str]:
        """What abidiff says of these headers that is not growth."""
        done = run("abidiff", "--leaf-changes-only", "--no-show-locs", DUMP, self.build(headers))
        self.assertEqual(done.returncode & 3, 0, "abidiff itself failed: " + done.stderr)
        return [] if done.returncode == 0 else not_growth(done.stdout)

    def problems_after(self, file: str, before: str, after: str) -> str:
        """The same for the headers of 1.0 with one deliberate change."""
        headers = self.folder / "changed"
        shutil.copytree(HERE / "1.0", headers)
        text = (headers / "porpoise" / file).read_text()
        self.assertEqual(text.count(before), 1, f"{before!r} in {file}")
        (headers / "porpoise" / file).write_text(text.replace(before, after))
        return "\n".join(self.problems(headers))

    def test_the_headers_are_compatible_with_1_0(self):
        self.assertEqual(self.problems(HEADERS), [])

    def test_the_dump_is_of_the_kept_headers(self):
        done = run("abidiff", DUMP, self.build(HERE / "1.0"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_member_at_the_end_is_growth(self):
        self.assertEqual(self.problems_after("plugin.h", "/* 1-based */\n  uint32_t reserved;\n",
                                             "/* 1-based */\n  uint32_t reserved;\n  int64_t later;\n"), "")

    # The tests of the test: each kind of break is seen.

    def test_a_retyped_member_is_found(self):
        self.assertIn("porpoise_exit::code", self.problems_after(
            "plugin.h", "  int32_t code;   /* exit status", "  int64_t code;   /* exit status"))

    def test_a_member_in_the_middle_is_found(self):
        self.assertIn("'int64_t between'", self.problems_after(
            "plugin.h", "  int64_t task_instance_id;", "  int64_t between;\n  int64_t task_instance_id;"))

    def test_a_removed_member_is_found(self):
        self.assertIn("'porpoise_str message'", self.problems_after(
            "plugin.h", "  uint32_t reserved;\n  porpoise_str message;\n", "  uint32_t reserved;\n"))

    def test_a_changed_function_is_found(self):
        self.assertIn("porpoise_task::cancel", self.problems_after(
            "plugin.h", "(*cancel)(porpoise_task *, porpoise_cancel_reason, porpoise_str text)",
            "(*cancel)(porpoise_task *)"))

    def test_a_revision_of_an_extension_may_not_even_grow(self):
        self.assertIn("struct porpoise_child", self.problems_after(
            "ext/process.h", "  int32_t stderr_fd;\n  uint32_t reserved;\n",
            "  int32_t stderr_fd;\n  uint32_t reserved;\n  int64_t later;\n"))


if __name__ == "__main__":
    unittest.main()
