"""The synthetic click log: same seed, same bytes; and close enough to the sample it stands for."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

from example import EXAMPLE, load_module

generate_data = load_module("generate_data")


class GeneratedClicks(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.path = cls.folder / "clicks.csv"
        generate_data.write_csv(cls.path, 10_000, 7)
        with cls.path.open(newline="") as source:
            cls.clicks = list(csv.DictReader(source))

    def distinct(self, column: str) -> int:
        return len({click[column] for click in self.clicks})

    def test_same_seed_gives_same_bytes_in_another_process(self) -> None:
        again = self.folder / "new folder" / "again.csv"
        script = EXAMPLE / "generate_data.py"
        subprocess.run([sys.executable, script, "--seed", "7", again], check=True, timeout=30)
        self.assertEqual(self.path.read_bytes(), again.read_bytes())
        self.assertEqual([again], list(again.parent.iterdir()), "no temporary file stays")

    def test_default_bytes_are_the_ones_known(self) -> None:
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        self.assertEqual("bc63a18be9919c2ac0f34fc4e020b8a6ebdd65ba8fa92908d4154e7077f55936", digest)

    def test_other_seed_gives_other_clicks(self) -> None:
        self.assertNotEqual(list(generate_data.click_rows(50, 7)), list(generate_data.click_rows(50, 8)))

    def test_columns_are_those_of_the_sample(self) -> None:
        self.assertEqual("ip,app,device,os,channel,click_time,is_attributed".split(","), list(self.clicks[0]))
        self.assertEqual(10_000, len(self.clicks))

    def test_period_is_the_one_of_the_sample(self) -> None:
        times = [click["click_time"] for click in self.clicks]
        self.assertEqual("2017-11-06 16:00:14", min(times))
        self.assertEqual("2017-11-09 15:59:44", max(times))

    def test_distinct_counts_are_within_a_tenth_of_the_sample(self) -> None:
        sample = {"ip": 7423, "app": 71, "device": 18, "os": 82, "channel": 135, "click_time": 9795}
        for column, count in sample.items():
            with self.subTest(column):
                self.assertAlmostEqual(count, self.distinct(column), delta=0.1 * count)

    def test_popularity_is_skewed_as_in_the_sample(self) -> None:
        ips = Counter(click["ip"] for click in self.clicks)
        devices = Counter(click["device"] for click in self.clicks)
        self.assertTrue(50 <= ips.most_common(1)[0][1] <= 120)
        self.assertAlmostEqual(9_399, devices["1"], delta=150)

    def test_no_two_clicks_of_an_address_share_a_second(self) -> None:
        ties = Counter((click["ip"], click["click_time"]) for click in self.clicks)
        self.assertEqual(1, max(ties.values()))

    def test_label_rate_leaves_enough_to_learn_from(self) -> None:
        rate = sum(int(click["is_attributed"]) for click in self.clicks) / len(self.clicks)
        self.assertTrue(0.02 <= rate <= 0.04, rate)


if __name__ == "__main__":
    unittest.main()
