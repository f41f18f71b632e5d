"""Every export recorded from a real DolphinScheduler 3.1.5 ends here as it ended there."""

import json
import re
import unittest

from replay_case import GOLDEN, ReplayCase

RECORDED = sorted(path for path in (GOLDEN / "workflows").glob("*.json") if not path.name.endswith(".expected.json"))


class Recorded(ReplayCase):
    def test_exports_are_there(self):
        self.assertGreaterEqual(len(RECORDED), 8)


def add_test(file):
    def test(self):
        expected = json.loads(file.with_suffix("").with_suffix(".expected.json").read_text())
        self.environment["PYTHON_HOME"] = "/usr/bin/python3"
        self.replay(file, expect=0 if expected["state"] == "SUCCESS" else 1)
        summary = self.summary()
        summary["workflow"] = re.sub("-[0-9a-f]{5}$", "", summary["workflow"])  # the recorder made names unique
        self.assertEqual(summary, expected)
    setattr(Recorded, f"test_{file.stem}", test)


for recorded in RECORDED:
    add_test(recorded)

if __name__ == "__main__":
    unittest.main()
