"""String literals mean what they mean to the engine's parser; each value and each place is an answer of the 0.9.0 engine."""

import importlib.util
import sys
import unittest

from support import PACKAGES, SandboxTest

HAS_LIBRARIES = importlib.util.find_spec("sqlglot") is not None

sys.path.insert(0, str(PACKAGES))

if HAS_LIBRARIES:
    from openmldb_sandbox.dialect import tokenize
    from openmldb_sandbox.errors import SqlError

VALUES = {
    r"'\"'": '"',
    r'"\""': '"',
    r"'\''": "'",
    r"'\x41\X42\u4e2d\101'": "AB中A",
    r"'\0414'": "!4",
    r"'\a\b\f\n\r\t\v'": "\a\b\f\n\r\t\v",
    r"'\\\?\`'": "\\?`",
    r"'\U0001F600'": "😀",
    r"'\xe4\xb8\xad'": "ä¸\xad",  # a code point each, not bytes
    r"'\377'": "ÿ",
    r"r'a\nb'": r"a\nb",
    r'R"x\"y"': r"x\"y",
    "'''a'b\nc'''": "a'b\nc",
    '"""x"y"""': 'x"y',
    "'''a\r\nb'''": "a\nb",
    r"r'''a\n'b'''": r"a\n'b",
    "''''''": "",
    "''": "",
    "'-- no comment'": "-- no comment",
    "'tab\tin'": "tab\tin",
    r"`a\nb`": "a\nb",
}

# what stands behind SELECT -> the message, and the column
ERRORS = {
    r"'\q'": (r"Illegal escape sequence: \q", 9),
    r"'ab\N'": (r"Illegal escape sequence: \N", 11),
    r"'\_'": (r"Illegal escape sequence: \_", 9),
    r"'\400'": (r"Illegal escape sequence: \4", 9),
    r"'\18'": (r"Illegal escape sequence: Octal escape must be followed by 3 octal digits but saw: \18", 9),
    r"'\x4'": (r"Illegal escape sequence: Hex escape must be followed by 2 hex digits but saw: \x4", 9),
    r"'\u12'": (r"Illegal escape sequence: \u must be followed by 4 hex digits but saw: \u12", 9),
    r"'\ud800'": (r"Illegal escape sequence: Unicode value \ud800 is invalid", 9),
    r"'\U00110000'": (r"Illegal escape sequence: Value of \U00110000 exceeds Unicode limit (0x0010FFFF)", 9),
    "'a\\\nb'": ("Illegal escaped newline", 10),
    "'a\nb'": ("Unclosed string literal", 8),
    "'abc": ("Unclosed string literal", 8),
    "'abc\\'": ("Unclosed string literal", 8),
    "'abc\\": ("Unclosed string literal", 8),
    "'''abc'": ("Unclosed triple-quoted string literal", 8),
    "`abc": ("Unclosed identifier literal", 8),
    r"'a\000b'": (r"Illegal escape sequence: \000 ends the text in the engine, and is refused in the sandbox", 10),
}


@unittest.skipUnless(HAS_LIBRARIES, "needs the Python library sqlglot")
class LiteralTest(unittest.TestCase):
    def test_values(self):
        for literal, value in VALUES.items():
            with self.subTest(literal):
                self.assertEqual([token.text for token in tokenize(f"SELECT {literal} AS x")][1], value)

    def test_errors_name_the_place(self):
        for literal, (message, column) in ERRORS.items():
            with self.subTest(literal), self.assertRaises(SqlError) as caught:
                tokenize(f"SELECT {literal}")
            self.assertEqual(caught.exception.code, 1001)
            self.assertIn(f"Syntax error: {message} [at 1:{column}]\n", caught.exception.message)

    def test_the_place_is_on_its_own_line(self):
        with self.assertRaises(SqlError) as caught:
            tokenize("SELECT 'žluť', '''\n''' AS a,\n  '\\q' AS b")
        self.assertIn("\\q [at 3:4]\n  '\\q' AS b\n   ^", caught.exception.message)

    def test_bytes_are_refused_by_name(self):
        for literal in ("b'abc'", "rb'abc'", 'Br"abc"'):
            with self.subTest(literal), self.assertRaisesRegex(SqlError, "BytesLiteral"):
                tokenize(f"SELECT {literal}")

    def test_a_quote_in_a_comment_opens_nothing(self):
        text = "SELECT 1 -- it's\n, 2 /* it's '''\n */, 3 # it's"
        self.assertEqual([token.text for token in tokenize(text)], ["SELECT", "1", ",", "2", ",", "3"])


class LiteralsOfStatements(SandboxTest):
    def test_a_statement_means_what_its_escapes_say(self):
        ok = self.sandbox.ok
        ok("CREATE DATABASE demo_db")
        ok("CREATE TABLE t(id int, s string)")
        ok(r"""INSERT INTO t VALUES (1, 'a\'b\"c\x41\u4e2d\n'), (2, r'\d'), (3, '''x;'y''')""")
        self.assertEqual(ok("SELECT s FROM t"), [['a\'b"cA中\n'], [r"\d"], ["x;'y"]])
        self.assertEqual(ok(r"SELECT id FROM t WHERE s = '\\d'"), [[2]])
        self.assertEqual(ok(r"SELECT '\x41', '\"' AS q FROM t WHERE id = 1"), [["A", '"']])
        answer = self.sandbox.sql(r"INSERT INTO t VALUES (9, 'a\qb')")
        self.assert_error(answer, 1001, r"Illegal escape sequence: \q [at 1:28]")
        ok(r"DEPLOY d SELECT id, concat(s, '\"') AS q FROM t")
        called = self.sandbox.call("POST", "/dbs/demo_db/deployments/d", {"input": [[1, "x"]]})
        self.assertEqual(called["data"]["data"], [[1, 'x"']])


if __name__ == "__main__":
    unittest.main()
