"""Lines of CSV, cell for cell as LOAD DATA of the 0.9.0 engine read them."""

import sys
import tempfile
import unittest
from pathlib import Path

from support import PACKAGES

sys.path.insert(0, str(PACKAGES))

from openmldb_sandbox.csv_reader import cells, records  # noqa: E402
from openmldb_sandbox.file_options import LoadOptions  # noqa: E402

LINES = {
    "1,2,3": ["1", "2", "3"],
    r'"x,y","q""r","s\"t"': ["x,y", '"q""r"', 's"t'],
    ' x , " y " ,\tz\t': [" x ", ' " y " ', "\tz\t"],
    'null,"",,NULL': ["null", "", None, "NULL"],
    'a"b,"c"d,e"': ['a"b', '"c"d', 'e"'],
    '"a': ["a"],
    'b",2': ['b"', "2"],
    '"abc,1': ["abc,1"],
    '"open,""': ['open,"'],
    '"a"",b,"""",""': ['a"', "b", '""', ""],
    r'\,\"x,y\z': ["\\", '\\"x', r"y\z"],
    r'"\\","\n","a\\\"b"': ["\\", r"\n", 'a\\"b'],
    '"#q",1,': ["#q", "1", None],
    ",,": [None, None, None],
    "  ,  ,": ["  ", "  ", None],
}


class CellsTest(unittest.TestCase):
    def test_defaults(self):
        for line, found in LINES.items():
            with self.subTest(line):
                self.assertEqual(cells(line, ",", '"'), found)

    def test_other_marks(self):
        self.assertEqual(cells('"a||b"||c|d||', "||", '"'), ["a||b", "c|d", None])
        self.assertEqual(cells(r"""4,'it\'s',"x" """.strip(), ",", "'"), ["4", "it's", '"x"'])
        self.assertEqual(cells('1,"a,b"', ",", ""), ["1", '"a', 'b"'])

    def test_a_record_is_a_line(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.csv"
            path.write_bytes('\ufeffa,b\r\n   \n"a\nb","c\r\nd",e\rf\n\n'.encode())
            found = list(records(path, LoadOptions()))
            self.assertEqual(found, [["a"], ['b"', "c"], ['d"', "e"], ["f"]])
            self.assertEqual(len(list(records(path, LoadOptions(header=False)))), 5)


if __name__ == "__main__":
    unittest.main()
