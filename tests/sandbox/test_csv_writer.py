"""Lines of CSV, byte for byte as Spark's writer in the 0.9.0 engine made them."""

import sys
import unittest

from support import PACKAGES

sys.path.insert(0, str(PACKAGES))

from openmldb_sandbox.csv_writer import SparkCsv  # noqa: E402

# what the engine wrote with its defaults, behind an id
DEFAULTS = {
    "a,b": '"a,b"', 'a"b': r'"a\"b"', '"': r'"\""', "a\\b": "a\\b", "a\\": "a\\", "": '""', " pad ": "pad", "null": "null",
    None: "null", "a\nb": '"a\nb"', "a\rb": '"a\rb"', "中": "中", "a|b": "a|b", "#x": "#x", "a\tb": "a\tb", "'q'": "'q'",
    '\\"': r'"\\\""', '""': r'"\"\""', 'a"b,c': r'"a\"b,c"', "x\\\\y": "x\\\\y", "a\\b,c": r'"a\\b,c"', "\\,": r'"\\,"',
    "\\": "\\", "   ": '""', "\n": '""', "a\n": '"a"', "\ta": "a",
}


class SparkCsvTest(unittest.TestCase):
    def check(self, csv, cells):
        for cell, written in cells.items():
            with self.subTest(cell):
                self.assertEqual(csv.line(["1", cell]), csv.line(["1", "-"]).replace("-", written))

    def test_defaults(self):
        self.check(SparkCsv(",", '"', "null"), DEFAULTS)

    def test_no_quote_is_a_nul(self):
        self.check(SparkCsv(",", "", "null"), {
            "a,b": "\0a,b\0", 'a"b': 'a"b', "": '""', "a\nb": "\0a\nb\0", '\\"': '\\"', 'a"b,c': '\0a"b,c\0'})

    def test_other_quote_and_delimiter(self):
        self.check(SparkCsv("|", "'", ""), {"'q'": r"'\'q\''", "a|b": "'a|b'", "a,b": "a,b", '"': '"', None: '""'})

    def test_delimiter_of_two_characters(self):
        self.check(SparkCsv("||", '"', "NA"), {"a||b": '"a||b"', "a|": "a|", "|": "|", "a, ": "a,", None: "NA"})

    def test_a_blank_as_delimiter_quotes_what_is_trimmed(self):
        self.check(SparkCsv(" ", '"', "null"), {" pad ": '"pad"'})

    def test_null_value_is_a_cell_like_others(self):
        for null_value, written in {"a,b": '"a,b"', " x ": "x", '"': r'"\""', "": '""'}.items():
            self.assertEqual(SparkCsv(",", '"', null_value).line(["2", None]), f"2,{written}\n")

    def test_the_first_cell_is_no_comment(self):
        csv = SparkCsv(",", '"', "null")
        self.assertEqual(csv.line(["#x", "#x"]), '"#x",#x\n')
        self.assertEqual(csv.line([None]), "null\n")


if __name__ == "__main__":
    unittest.main()
