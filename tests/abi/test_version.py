"""The version of the ABI is written in plugin.h, and all else takes it from there."""

import json
import os
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["PORPOISE_BUILD"])
HEADER = (ROOT / "include/porpoise/plugin.h").read_text()
VERSION = [int(re.search(rf"^#define PORPOISE_ABI_{part} (\d+)", HEADER, re.MULTILINE)[1]) for part in ("MAJOR", "MINOR")]


class Version(unittest.TestCase):
    def test_the_note_of_each_built_plugin_has_it(self):
        notes = list((BUILD / "plugins").rglob("*.metadata.json"))
        self.assertGreaterEqual(len(notes), 5)
        for note in notes:
            with self.subTest(note.name):
                self.assertEqual(json.loads(note.read_text())["abi"], VERSION)

    def test_the_package_has_it(self):
        text = (BUILD / "porpoiseConfigVersion.cmake").read_text()
        self.assertIn('set(PACKAGE_VERSION "{}.{}")'.format(*VERSION), text)

    def test_nothing_else_writes_a_note_with_a_version_of_its_own(self):
        written = [str(file.relative_to(ROOT)) for folder in ("include", "src", "plugins", "examples")
                   for file in (ROOT / folder).rglob("*")
                   if file.suffix in (".c", ".cc", ".h", ".hpp", ".cmake", ".txt")
                   and re.search(r'\\?"abi\\?"\s*:\s*\[\d', file.read_text())]
        self.assertEqual(written, ["include/porpoise/plugin.h"], "it is there in the comment that explains the note")


if __name__ == "__main__":
    unittest.main()
