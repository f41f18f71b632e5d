"""Scalar functions and operators, each against an answer worked out by hand."""

import unittest

from support import SandboxTest

# expression over one row (see setUpClass) -> the JSON value and the type of the answer
EXPECTED = [
    # times: always UTC+8; 1509960088000 is 2017-11-06 09:21:28 UTC, a Monday
    ("hour(ts)", 17, "Int32"), ("minute(ts)", 21, "Int32"), ("second(ts)", 28, "Int32"),
    ("day(ts)", 6, "Int32"), ("dayofmonth(ts)", 6, "Int32"), ("month(ts)", 11, "Int32"), ("year(ts)", 2017, "Int32"),
    ("dayofweek(ts)", 2, "Int32"), ("weekofyear(ts)", 45, "Int32"), ("week(ts)", 45, "Int32"),
    ("dayofyear(ts)", 310, "Int32"), ("hour(bigint(1509960088000))", 17, "Int32"),
    ("hour(late)", 0, "Int32"), ("day(late)", 7, "Int32"), ("dayofweek(late)", 3, "Int32"),
    ("year(dt)", 2021, "Int32"), ("month(dt)", 1, "Int32"), ("day(dt)", 3, "Int32"),
    ("dayofweek(dt)", 1, "Int32"), ("weekofyear(dt)", 53, "Int32"), ("dayofyear(dt)", 3, "Int32"),
    ("string(ts)", "2017-11-06 17:21:28", "String"), ("string(dt)", "2021-01-03", "String"),
    ("date_format(ts, '%Y%m%d %H')", "20171106 17", "String"), ("datediff(dt, date('2020-12-31'))", 3, "Int32"),
    ("date(late)", "2017-11-7", "Date"), ("timestamp('2017-11-06 17:21:28')", 1509960088000, "Timestamp"),
    ("timestamp('2017-11-06')", 1509897600000, "Timestamp"), ("timestamp('x')", None, "Timestamp"),
    ("bigint(ts)", 1509960088000, "Int64"), ("ts + 1000", 1509960089000, "Timestamp"),
    ("bigint(late) - bigint(ts)", 24000000, "Int64"), ("date('2021-02-30')", None, "Date"),
    ("timestamp(dt)", 1609603200000, "Timestamp"),
    # arithmetic: / is double, the rest keeps the wider type and wraps
    ("i / 2", 3.5, "Double"), ("7 / 7", 1.0, "Double"), ("i DIV 2", 3, "Int32"), ("-i DIV 2", -3, "Int32"),
    ("i % 4", 3, "Int32"), ("-i % 4", -3, "Int32"), ("i DIV 0", None, "Int32"), ("i % 0", None, "Int32"),
    ("i / 0", None, "Double"), ("d % 2", 0.5, "Double"),
    ("i + big", 10000000007, "Int64"), ("i * 2 - 1", 13, "Int32"), ("2147483647 + 1", -2147483648, "Int32"),
    ("small * small", 10000 * 10000 % 65536 - 65536 * (10000 * 10000 % 65536 >= 32768), "Int16"),
    ("9223372036854775807 + 1", -9223372036854775808, "Int64"), ("i + d", 9.5, "Double"), ("-d", -2.5, "Double"),
    ("- small", -10000, "Int16"), ("f * 2", 3.0, "Float"),
    # comparisons and logic
    ("i = 7", True, "Bool"), ("i != 7", False, "Bool"), ("i <> 8", True, "Bool"), ("s > 'Aa'", True, "Bool"),
    ("i BETWEEN 7 AND 8", True, "Bool"), ("i IN (1, 7)", True, "Bool"), ("i NOT IN (1, 7)", False, "Bool"),
    ("s LIKE 'Ab%'", True, "Bool"), ("s LIKE 'ab%'", False, "Bool"), ("s ILIKE 'ab%'", True, "Bool"),
    ("NOT (i = 7 AND s = 'x' OR i = 8)", True, "Bool"), ("i = 7 XOR i = 8", True, "Bool"), ("none > 1", None, "Bool"),
    ("ts > '2017-11-06 17:00:00'", True, "Bool"), ("ts = timestamp('2017-11-06 17:21:28')", True, "Bool"), ("dt = NULL", None, "Bool"),
    ("like_match(s, 'A_c%')", True, "Bool"), ("ilike_match(s, 'a_C%')", True, "Bool"), ("TRUE", True, "Bool"),
    # NULLs and choices
    ("is_null(none)", True, "Bool"), ("isnull(i)", False, "Bool"), ("ifnull(none, 5)", 5, "Int32"),
    ("nvl(i, 5)", 7, "Int32"), ("nvl2(none, 'a', 'b')", "b", "String"), ("nvl2(i, 'a', 'b')", "a", "String"),
    ("CASE WHEN i > 8 THEN 1 WHEN i > 5 THEN 2 ELSE 3 END", 2, "Int32"), ("CASE i WHEN 1 THEN 'a' END", None, "String"),
    ("CASE s WHEN 'Abcd' THEN big ELSE i END", 10000000000, "Int64"),
    # numbers
    ("abs(-i)", 7, "Int32"), ("abs(-2.5)", 2.5, "Double"), ("ceil(2.1)", 3.0, "Double"), ("ceiling(i)", 7, "Int64"),
    ("floor(-2.1)", -3.0, "Double"), ("round(2.5)", 3.0, "Double"), ("round(1.2345, 2)", 1.23, "Double"),
    ("truncate(-2.9)", -2.0, "Double"), ("sqrt(16)", 4.0, "Double"), ("pow(2, 10)", 1024.0, "Double"),
    ("power(2, 0.5) > 1.41", True, "Bool"), ("exp(0)", 1.0, "Double"), ("ln(1)", 0.0, "Double"), ("log(1)", 0.0, "Double"),
    ("round(log(2, 8), 6)", 3.0, "Double"), ("log2(8)", 3.0, "Double"), ("log10(1000)", 3.0, "Double"),
    ("sin(0)", 0.0, "Double"), ("cos(0)", 1.0, "Double"), ("tan(0)", 0.0, "Double"), ("asin(0)", 0.0, "Double"),
    ("acos(1)", 0.0, "Double"), ("atan(0)", 0.0, "Double"), ("atan2(0, 1)", 0.0, "Double"), ("ln(0)", float("-inf"), "Double"),
    # strings
    ("concat(s, i, '-', dt)", "Abcd7-2021-01-03", "String"), ("concat(s, none)", None, "String"),
    ("concat_ws('/', 'a', i)", "a/7", "String"), ("upper(s)", "ABCD", "String"),
    ("ucase(s)", "ABCD", "String"), ("lower(s)", "abcd", "String"), ("lcase(s)", "abcd", "String"),
    ("substr(s, 2)", "bcd", "String"), ("substring(s, 2, 2)", "bc", "String"), ("substr(s, -2)", "cd", "String"),
    ("substr(s, 0)", "", "String"), ("substr(s, 1, 0)", "", "String"), ("char_length(s)", 4, "Int32"),
    ("replace(s, 'b', 'xy')", "Axycd", "String"), ("replace(s, 'b')", "Acd", "String"), ("reverse(s)", "dcbA", "String"),
    ("strcmp(s, 'B')", -1, "Int32"), ("strcmp(s, s)", 0, "Int32"), ('"double quoted"', "double quoted", "String"),
    # casts: fractions are cut, integers wrap, text that does not parse is NULL
    ("int(2.9)", 2, "Int32"), ("int(-2.9)", -2, "Int32"), ("cast(big AS int)", 1410065408, "Int32"),
    ("int16(70000)", 4464, "Int16"), ("int('12')", 12, "Int32"), ("int('1.5')", None, "Int32"), ("int('x')", None, "Int32"),
    ("double('1.5')", 1.5, "Double"), ("float(0.5)", 0.5, "Float"), ("string(i)", "7", "String"),
    ("string(TRUE)", "true", "String"), ("bool('true')", True, "Bool"), ("CAST(i AS string)", "7", "String"),
    ("CAST('2021-01-03' AS date)", "2021-1-3", "Date"), ("bigint(i)", 7, "Int64"), ("smallint(i)", 7, "Int16"),
]


class FunctionTest(SandboxTest):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.sandbox.ok("CREATE DATABASE demo_db")
        cls.sandbox.ok(
            "CREATE TABLE t(i int, small smallint, big bigint, f float, d double, s string, b bool, dt date, "
            "ts timestamp, late timestamp, none int)"
        )
        cls.sandbox.ok(
            "INSERT INTO t VALUES (7, 10000, 10000000000, 1.5, 2.5, 'Abcd', true, '2021-1-3', "
            "1509960088000, 1509984088000, NULL)"
        )

    def test_expressions(self):
        for text, value, type_ in EXPECTED:
            with self.subTest(text):
                answer = self.sandbox.sql(f"SELECT {text} FROM t")
                self.assertEqual(answer["code"], 0, answer)
                self.assertEqual(answer["data"]["data"], [[value]])
                self.assertEqual(answer["data"]["schema"], [type_])

    def test_select_without_table(self):
        self.assertEqual(self.sandbox.ok("SELECT 1, 'a', NULL"), [[1, "a", None]])

    def test_parameters(self):
        answer = self.sandbox.ok(
            "SELECT ?, i + ?, ? FROM t WHERE s = ?",
            input={"schema": ["Timestamp", "INT", "date", "string"], "data": [5, 1, "2021-2-3", "Abcd"]},
        )
        self.assertEqual(answer, [[5, 8, "2021-2-3"]])
        self.assert_error(self.sandbox.sql("SELECT ? FROM t"), 1004, "parameter")

    def test_nan_and_infinity(self):
        self.assertIn(b"[[Infinity,-Infinity,NaN,NaN]]", self.raw_select(False))
        self.assertIn(b"[[null,null,null,null]]", self.raw_select(True))

    def raw_select(self, null_for_nan: bool) -> bytes:
        body = (
            '{"mode": "online", "sql": "SELECT -ln(0), ln(0), acos(2), sqrt(-1) FROM t", "write_nan_and_inf_null": %s}'
            % str(null_for_nan).lower()
        )
        return self.sandbox.raw("POST", "/dbs/demo_db", body.encode())[1]

    def test_refused(self):
        for text, part in {
            "if(i > 5, 1, 2)": "if() of int32",
            "if(i > 5, 'big', 'small')": "if() of string",
            "s || '!'": "||",
            "ts = 1509960088000": "Invalid Compare Op type",
            "b AND NULL": "Invalid operand type",
            "none IS NULL": "none IS NULL",
            "none IS NOT NULL": "IS NULL",
            "nosuch(i)": "nosuch()",
            "row_number() OVER (PARTITION BY i ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)": "row_number()",
            "hour(s)": "hour(string)",
            "hour(i, i)": "2 argument(s)",
            "sqrt(s)": "sqrt(string)",
            "s + 1": "Invalid operand type for +",
            "ts - ts": "Invalid operand types for -",
            "dt > ts": "Invalid operand types for >",
            "CAST(i AS decimal)": "CAST to DECIMAL",
            "nope": "Fail to find column nope",
            "t2.i": "Fail to find column t2.i",
            "x.*": "Fail to find table x",
            "EXISTS (SELECT 1)": "EXISTS",
            "i IN (SELECT 1)": "subquery",
            "[1, 2]": "Un-support expression",
            "99999999999999999999": "out of range",
        }.items():
            with self.subTest(text):
                self.assert_error(self.sandbox.sql(f"SELECT {text} FROM t"), 1004, part)


if __name__ == "__main__":
    unittest.main()
