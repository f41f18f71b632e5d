"""Cases with a name: what once differed, and what the sandbox refuses although the engine has some answer."""

from __future__ import annotations

import named_files
from files import OUT
from queries import Query, World

T = 1_509_960_088_000  # 2017-11-06 17:21:28 in UTC+8

COLUMNS = [["id", "int"], ["k", "int"], ["ts", "timestamp"], ["i", "int"], ["s", "string"], ["d", "double"],
           ["f", "float"], ["b", "bool"], ["i16", "smallint"], ["i64", "bigint"], ["dt", "date"]]
TABLES = [
    {"table": "t", "columns": COLUMNS, "rows": [
        [1, 1, T, 0, "", 0.0, 0.0, True, 0, 0, "1970-01-01"],
        [2, 1, T, None, None, None, None, None, None, None, None],
        [3, 1, T + 1, 5, "abc", 2.5, 2.5, False, 7, 9223372036854775807, "2021-01-03"],
        [4, 1, T + 2, -3, "žluť", -0.5, 1e30, True, -1, -1, "2020-02-29"],
        [5, 1, T + 2, 2147483647, "Ab c", 1e10, 0.1, True, 32767, T, "1969-07-20"],
        [6, None, T + 3, 1, "a", 1e-7, -3.5, None, 1, 1, "2021-12-31"],
        [7, 2, T + 120, -2147483648, "true", 123456789.125, 1234567.0, False, -32768, -90000, "2017-11-06"],
    ]},
    {"table": "u", "columns": COLUMNS, "rows": [
        [101, 1, T, 11, "u", 0.5, 1.5, True, 1, 1, "2000-01-01"],
        [102, 1, T + 1, 12, "v", 0.5, 1.5, True, 1, 2, "2000-01-01"],
        [103, 1, T + 2, 13, "w", 0.5, 1.5, False, 1, 3, "2000-01-01"],
        [104, 2, T + 2, 14, "w", 0.5, 1.5, True, 1, 4, "2000-01-01"],
    ]},
]
_ROWS = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"


def _over(calls: str, frame: str = _ROWS, order: str = "ts") -> str:
    spread = ", ".join(f"{call} OVER w" for call in calls.split("; "))
    return f"SELECT id, {spread} FROM t WINDOW w AS (PARTITION BY k ORDER BY {order} {frame})"


def _union(extra: str, calls: str = "first_value(id)", table: str = "u") -> str:
    spread = ", ".join(f"{call} OVER w" for call in f"count(*); top(id, 9); {calls}".split("; "))
    return f"SELECT id, {spread} FROM t WINDOW w AS (UNION {table} PARTITION BY k ORDER BY ts {_ROWS} {extra})"


def _of(items: str) -> str:
    return f"SELECT id, {items} FROM t"


# "compiled" cases have a function beside their casts; without one the engine leaves the query to Spark
CASES = {
    "division by zero is NULL": _of("i / 0, d / 0, 0 / 0, d % 0, i % 0, i DIV 0, i / i16"),
    "distinct_count counts NULL as zero": _over(
        "distinct_count(i); distinct_count(s); distinct_count(d); distinct_count(dt); distinct_count(b)"),
    "distinct_count of a group counts NULL as zero": "SELECT k, distinct_count(i), distinct_count(s) FROM t GROUP BY k",
    "sum_where and avg_where leave out zeros": _over(
        "sum_where(i, id > 0); avg_where(i, id > 0); min_where(i, id > 0); max_where(i, id > 0); count_where(i, id > 0)"),
    "sum_where of floats leaves out zeros": _over("sum_where(d, id < 3); avg_where(f, id < 3)"),
    "min_where of a text is refused": _over("min_where(s, id > 0)"),
    "max_where of a date is refused": _over("max_where(dt, id > 0)"),
    "min_where of a time is refused": _over("min_where(ts, id > 0)"),
    "min of a bool is refused": _over("min(b)"),
    "top prints six decimals": _over("top(d, 3); top(f, 3); top(dt, 2); top(ts, 2); top(s, 3); top(i64, 2)"),
    "lag of something computed is refused": _over("lag(i + 1, 1)"),
    "first_value of something computed is refused": _over("first_value(i + 1)"),
    "lag does not see rows of the same time behind EXCLUDE CURRENT_TIME": _over(
        "lag(id, 0); lag(id, 1); lag(id, 2); lag(id, 3)", f"{_ROWS} EXCLUDE CURRENT_TIME"),
    "lag looks past the frame": _over(
        "lag(id, 1); lag(id, 3); first_value(id)", "ROWS_RANGE BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW"),
    "MAXSIZE with ROWS is refused": _over("count(i)", f"{_ROWS} MAXSIZE 2"),
    "MAXSIZE behind EXCLUDE is refused": _over(
        "count(i)", "ROWS_RANGE BETWEEN 1d PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW MAXSIZE 2"),
    "MAXSIZE before EXCLUDE": _over(
        "count(i); top(id, 9)", "ROWS_RANGE BETWEEN 1d PRECEDING AND CURRENT ROW MAXSIZE 2 EXCLUDE CURRENT_ROW"),
    "both EXCLUDE": _over("count(*)", "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_TIME EXCLUDE CURRENT_ROW"),
    "MAXSIZE of a frame that ends early": _over(
        "count(*); top(id, 9)", "ROWS_RANGE BETWEEN 1d PRECEDING AND 1 PRECEDING MAXSIZE 2"),
    "rows of negative order keys are lost": _over("count(*); top(id, 9); lag(id, 1)", order="i"),
    "rows of negative order keys are lost in a range, too": _over(
        "count(*); top(id, 9)", "ROWS_RANGE BETWEEN 10 PRECEDING AND CURRENT ROW", order="i64"),
    "a window that is not used loses no rows":
        "SELECT id, count(*) OVER w FROM t WINDOW v AS (PARTITION BY k ORDER BY i " + _ROWS + "), "
        "w AS (PARTITION BY k ORDER BY ts " + _ROWS + ")",
    "a window by a floating key is refused":
        "SELECT id, count(*) OVER w FROM t WINDOW w AS (PARTITION BY d ORDER BY ts " + _ROWS + ")",
    "a group by a floating key is refused": "SELECT f, count(*) FROM t GROUP BY f",
    "a window by a bool and a date":
        "SELECT id, count(*) OVER w FROM t WINDOW w AS (PARTITION BY b, dt ORDER BY ts " + _ROWS + ")",
    "a window ordered by a date is refused": _over("count(*)", order="dt"),
    "the frame must not end before it starts": _over("count(*)", "ROWS BETWEEN 1 PRECEDING AND 3 PRECEDING"),
    "functions of floats are float": _of("sqrt(f), exp(f), ln(f), sin(f), pow(f, f), atan2(f, f), log(f, f), round(f)"),
    "abs, ceil, floor and truncate choose their types": _of(
        "abs(i16), abs(f), ceil(i16), floor(f), truncate(i16), truncate(i64), truncate(f), round(i16), ceil(i64)"),
    "abs of the smallest number": _of("abs(i), abs(bigint(i)), -i, i16 - 1"),
    "round of integers": _of("round(i, -1), round(i16, 1), round(d, -1), round(d, 1)"),
    "log by one is NULL": _of("log(1, d), log(i, f), log(2, d)"),
    "concat prints six digits": _of("concat(d), concat(f, '|', b, '|', dt, '|', ts), concat_ws('-', d, i)"),
    "compiled casts to text": _of("abs(id), string(d), string(f), string(ts), string(b), string(dt), string(i64)"),
    "casts to text of a plain list": _of("string(d), string(f), string(ts), string(b), string(dt), string(i64)"),
    "texts of constants of a plain list": _of(
        "string(0.00012345), string(123456789.125), string(1.0), string(0.001), string(1234567.0), string(12345678.0)"),
    "compiled texts of constants": _of("abs(id), string(0.00012345), string(123456789.125), string(1.0), string(0.1234567)"),
    "compiled casts to integers": _of(
        "abs(id), int(d), bigint(d), smallint(d), int(f), bigint(f), int(i64), smallint(i), int(b), int(ts), smallint(ts)"),
    "casts to integers of a plain list": _of(
        "int(d), bigint(d), smallint(d), int(f), bigint(f), int(i64), smallint(i), int(b), int(ts), smallint(ts), "
        "bigint(ts), double(ts), bigint(timestamp(dt))"),
    "compiled casts of text": _of(
        "abs(id), int('12'), int('1.5'), int(' 3 '), int('+5'), int(''), smallint('70000'), double('1e3'), double('x'), "
        "bool('T'), bool('no'), bool('1'), bool('x'), float('2.5'), bool(s)"),
    "casts of text of a plain list": _of(
        "int('12'), int('1.5'), int(' 3 '), int('+5'), int(''), smallint('70000'), double('1e3'), double('x'), "
        "bool('T'), bool('no'), bool('1'), bool('x'), float('2.5'), bool(s)"),
    "compiled casts to dates": _of(
        "abs(id), date('2021-01-03'), date('20210103'), date('2021-01-03 01:02:03'), date(ts), date(string(dt))"),
    "compiled casts of old dates": _of("abs(id), date('1850-01-01'), date('1969-07-20')"),
    "compiled casts to times": _of(
        "abs(id), timestamp('2021-01-03'), timestamp('2021-01-03 01:02:03'), timestamp('20210103'), timestamp(dt), "
        "timestamp('2021-01-03 01:02:03.456'), timestamp('2021-01-03T01:02:03'), timestamp(i), timestamp(d), timestamp(b)"),
    "dates are no numbers": _of("abs(id), int(dt), bigint(dt), double(dt), bool(dt)"),
    "a number is no date": _of("date(i64)"),
    "floats overflow to infinity": _of("abs(id), float(d * d * d * d * d), float(d * 10)"),
    "clock parts before 1970": _of("hour(i64), minute(i64), second(i64)"),
    "calendar parts before 1970": _of("dayofyear(timestamp(dt)), dayofyear(dt), dayofweek(dt), weekofyear(dt), year(dt)"),
    "clock parts of an int are refused": _of("hour(i)"),
    "clock parts of a date are refused": _of("hour(dt)"),
    "date_format knows strftime": _of("date_format(ts, '%y %j %w %U %a %A %b %B %I %p %%'), date_format(dt, '%H:%M')"),
    "datediff of texts": _of("datediff('2021-01-05', '2021-01-01'), datediff(dt, s), datediff(dt, '2021-01-01')"),
    "datediff of a text with a time of day": _of(
        "datediff(dt, '2017-11-06 17:21:28'), datediff('2017-11-06 17:21:28', dt), datediff('2017-11-07', '2017-11-06 00:00:01'), "
        "datediff('2017-11-06 15:59:59', '2017-11-06'), datediff('2017-11-06 16:00:00', '2017-11-06'), "
        "datediff('2017-1-7', '2017-01-06')"),
    "date of a text with a time of day": _of("abs(id), date('2021-01-03 17:02:03')"),
    "datediff of times is refused": _of("datediff(ts, ts)"),
    "texts are counted and cut by bytes": _of(
        "char_length(s), substr(s, 3, 2), substr(s, -2), substr(s, 5), substr(s, -9), substr(s, 0), substr(s, 3, -1)"),
    "only letters of ASCII change their case": _of("upper(s), lower(s), upper('žluť')"),
    "strcmp tells the difference": _of("strcmp(s, 'ab'), strcmp(s, 'žluť'), strcmp('ab', s), strcmp(s, ''), strcmp(s, s)"),
    "replace of nothing": _of("replace(s, ''), replace(s, '', 'x'), replace(s, 'žl', 'q'), replace(s, 'a')"),
    "patterns": _of("s LIKE 'Ab\\\\_c', s LIKE '', s NOT LIKE 'a%', s ILIKE 'A%', like_match(s, 'A_ c')"),
    "if() is refused": _of("if(b, d, d)"),
    "|| is refused": _of("s || 'x'"),
    "IS NULL is refused": _of("s IS NULL"),
    "a time and a number do not compare": _of("ts = i64"),
    "a date and a time do not compare": _of("dt > ts"),
    "a date and a text do": _of("dt > '2021-01-01', ts >= '2017-11-06 17:21:28', i = s, dt = '2021-01-03'"),
    "NULL is no truth": _of("b AND NULL"),
    "three values of truth": _of("b AND i > 0, b OR i > 0, b XOR i > 0, NOT b, i NOT IN (0, NULL), i IN (5, NULL)"),
    "branches meet in the wider type": _of(
        "ifnull(i, 1.5), ifnull(i16, 5), ifnull(i, i64), nvl2(i, 1, 1.5), nvl2(i, i16, i64), "
        "CASE WHEN b THEN 1 ELSE 1.5 END, CASE WHEN b THEN f ELSE d END"),
    "numbers keep their types": _of("i + d, i + i16, i16 + i16, i64 + i, f + d, f + i64, i16 * i16, -i16, i16 % 2, f % 2"),
    "times and numbers add up": _of("ts + 1, ts + i, ts - i, 1 + ts"),
    "ORDER BY of a text is refused": "SELECT id, s FROM t ORDER BY s",
    "ORDER BY of a floating number is refused": "SELECT id, d FROM t ORDER BY d",
    "ORDER BY of a date is refused": "SELECT id, dt FROM t ORDER BY dt",
    "ORDER BY of a bool is refused": "SELECT id, b FROM t ORDER BY b",
    "ORDER BY of what is not selected is refused": "SELECT id FROM t ORDER BY i",
    "ORDER BY of two columns is refused": "SELECT id, i FROM t ORDER BY i, id",
    "ORDER BY of an expression is refused": "SELECT id, i FROM t ORDER BY i + 1",
    "DISTINCT changes nothing": "SELECT DISTINCT k FROM t",
    "HAVING changes nothing": "SELECT k, count(*) AS c FROM t GROUP BY k HAVING count(*) > 2",
    "a whole table is no group": "SELECT count(*) FROM t",
    "WHERE takes no bool constant as a key": "SELECT id FROM t WHERE i > 0 AND b = true",
    "WHERE takes a bool constant otherwise": "SELECT id FROM t WHERE b = true OR i = 1",
    "WHERE takes no function as a key": "SELECT id FROM t WHERE hour(ts) = 17",
    "WHERE takes functions otherwise": "SELECT id FROM t WHERE hour(ts) > 10 AND i % 2 > 0 AND abs(i) > 3",
    "WHERE takes no computed key": "SELECT id FROM t WHERE i + 2 = 7",
    "WHERE compares computed columns": "SELECT id FROM t WHERE i + 0 = i16 + 0",
    "WHERE takes negative numbers and texts": "SELECT id FROM t WHERE i = -3 AND s = 'žluť'",
    "LAST JOIN takes the largest":
        "SELECT t.id, u.id, u.s FROM t LAST JOIN u ORDER BY u.ts ON t.k = u.k AND u.ts < t.ts",
    "LAST JOIN takes the oldest of equals": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.i16 ON t.k = u.k",
    "LAST JOIN without an order takes the newest": "SELECT t.id, u.id FROM t LAST JOIN u ON t.k = u.k",
    "LAST JOIN in descending order takes the smallest": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.i64 DESC ON t.k = u.k",
    "LAST JOIN ordered by a text is refused": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.s ON t.k = u.k",
    "LAST JOIN ordered by a date is refused": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.dt ON t.k = u.k",
    "LAST JOIN takes no computed key": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.ts ON t.k + 0 = u.k",
    "LAST JOIN takes no bool constant as a key": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.ts ON t.k = u.k AND u.b = true",
    "LAST JOIN takes constants": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.ts ON t.k = u.k AND u.i = 12",
    "LAST JOIN by floating numbers is refused": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.ts ON t.d = u.d",
    "LAST JOIN on an inequality alone": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.ts ON t.ts < u.ts",
    "LAST JOIN on an inequality, among equals": "SELECT t.id, u.id FROM t LAST JOIN u ORDER BY u.i16 ON t.ts <= u.ts",
    "LAST JOIN on an inequality without an order": "SELECT t.id, u.id FROM t LAST JOIN u ON t.ts <= u.ts",
    "LAST JOIN on an OR": "SELECT t.id, u.id FROM t LAST JOIN u ON t.k = u.k OR t.id = u.id",
    "date() of other texts fails in a plain list": _of("date('2021-1-3')"),
    "a union window has the rows of both tables": _union("", "lag(id, 1); lag(id, 2)"),
    "a union window without the instances": _union("INSTANCE_NOT_IN_WINDOW", "lag(id, 1); lag(id, 2)"),
    "a union window without the row": _union("EXCLUDE CURRENT_ROW"),
    "a union window without the instances and the row": _union("EXCLUDE CURRENT_ROW INSTANCE_NOT_IN_WINDOW"),
    "a union window without the time": _union("EXCLUDE CURRENT_TIME", "lag(id, 1)"),
    "a union window without the instances and the time": _union("INSTANCE_NOT_IN_WINDOW EXCLUDE CURRENT_TIME", "lag(id, 1)"),
    "a union window of a subquery": _union("", table="(SELECT * FROM u WHERE id > 101)"),
    "a union window of other columns is refused": _union("", table="(SELECT id, k FROM u)"),
    "INSTANCE_NOT_IN_WINDOW without a union": _over("count(*); top(id, 9)", f"{_ROWS} INSTANCE_NOT_IN_WINDOW"),
    "a union window with MAXSIZE":
        "SELECT id, count(*) OVER w, top(id, 9) OVER w FROM t WINDOW w AS (UNION u PARTITION BY k ORDER BY ts "
        "ROWS_RANGE BETWEEN 1d PRECEDING AND CURRENT ROW MAXSIZE 2 INSTANCE_NOT_IN_WINDOW)",
    "a union window beside another":
        "SELECT id, count(*) OVER a, top(id, 9) OVER b FROM t WINDOW a AS (PARTITION BY k ORDER BY id "
        f"{_ROWS}), b AS (UNION u PARTITION BY b ORDER BY id {_ROWS})",
    "a union window that ends at the row's own time":
        "SELECT id, count(*) OVER w, top(id, 9) OVER w FROM t WINDOW w AS (UNION u PARTITION BY k ORDER BY ts "
        "ROWS_RANGE BETWEEN 1 PRECEDING AND 0 PRECEDING INSTANCE_NOT_IN_WINDOW)",
    "a union window of two tables": _union("", table="u, (SELECT * FROM u WHERE id > 102)"),
    "names of operators": _of(
        "(i + 1) * 2, i + 1 * 2, -(i + 1), NOT b, NOT (b AND i > 0), b AND i > 0 OR i < 3, i BETWEEN 0 AND 5, "
        "i NOT BETWEEN 0 AND 5, i <> 3, i IN (1), i NOT IN (1, 2), -1.5, 10000000000, s NOT LIKE 'a%', t.i + 1, i > -1"),
    "names of choices": _of(
        "CASE WHEN b THEN 1 END, CASE WHEN b THEN 1 WHEN i > 0 THEN 2 ELSE 3 END, CASE i WHEN 5 THEN 'x' WHEN 6 THEN 'y' END"),
    "names of functions": "SELECT ABS(i), ucase(s), CAST(i AS string), bigint(d), COUNT(i) OVER w + 1, sum(i) OVER (PARTITION "
                          f"BY k ORDER BY ts {_ROWS}) FROM t WINDOW w AS (PARTITION BY k ORDER BY ts {_ROWS})",
    "names of a join": "SELECT * FROM t LAST JOIN u ORDER BY u.ts ON t.k = u.k",
    "names of groups": "SELECT k, count(i), sum(i) + 1 FROM t GROUP BY k",
    "a quote is no escape": _of("'a''b'"),
    "a constant NULL in the list is refused": _of("NULL"),
    "a constant of truth in the list is refused": _of("true"),
    "topn_frequency": _over("topn_frequency(s, 3); topn_frequency(d, 2); topn_frequency(dt, 1); topn_frequency(i16, 9); topn_frequency(ts, 2)"),
    "topn_frequency of a frame without rows": _over("topn_frequency(s, 2); topn_frequency(i, 0)", f"{_ROWS} EXCLUDE CURRENT_ROW"),
    "topn_frequency of a bool is refused": _over("topn_frequency(b, 1)"),
    "statistics": _over("stddev(d); stddev_pop(i); var_pop(i16); var_samp(f); variance(id); std(f); entropy(b); entropy(s); top1_ratio(i)"),
    "median of wide numbers overflows": _over("median(i); median(d); median(f); median(i16); median(i64)"),
    "median of a time is refused": _over("median(ts)"),
    "ew_avg weighs the newest": _over("ew_avg(d, 0.5); ew_avg(i, 0.1); ew_avg(f, 1.0); ew_avg(i16, 0.0)"),
    "drawdown leaves out what is negative": _over("drawdown(d); drawdown(f); drawdown(i); drawdown(id)"),
    "nth_value_where counts from both ends": _over(
        "nth_value_where(s, 1, id > 1); nth_value_where(i, -1, id > 0); nth_value_where(dt, 2, id > 0); nth_value_where(b, 0, id > 0)"),
    "ends of a frame": _over("last_value(id); last_value(i); at(id, 1); first_value(i, true); last_value(i, true); first_value(i, false)",
                             "ROWS BETWEEN 3 PRECEDING AND 1 PRECEDING"),
    "ends of a frame without the row": _over(
        "last_value(id); lag(id, 0); first_value(i, true); last_value(i, true)", "ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_ROW"),
    "ends of a frame without the time": _over(
        "last_value(id); first_value(i, true); last_value(i, true)", "ROWS BETWEEN 3 PRECEDING AND CURRENT ROW EXCLUDE CURRENT_TIME"),
    "an alpha that is whole is refused": _over("ew_avg(d, 1)"),
    "lag without NULLs is refused": _over("lag(i, 1, true)"),
    "categories in order of their keys": _over(
        "count_cate(b, s); sum_cate(i, dt); min_cate(d, i16); max_cate(f, ts); avg_cate(i16, s); sum_cate(f, k); sum_cate_where(i64, id > 2, k)"),
    "the first categories": _over(
        "top_n_key_sum_cate_where(i, id > 1, s, 2); top_n_value_max_cate_where(d, id > 0, i16, 2); top_n_key_count_cate_where(s, id > 0, dt, 1); "
        "top_n_value_avg_cate_where(i, b, ts, 9); top_n_key_ratio_cate(i, d > 0, s, 2); top_n_value_ratio_cate(i, d > 0, i16, 3)"),
    "no categories are kept": _over("top_n_key_sum_cate_where(i, id > 1, s, 0); top_n_value_sum_cate_where(i, id > 1, s, 0)"),
    "categories of a bool are refused": _over("sum_cate(d, b)"),
    "sums of texts by category are refused": _over("sum_cate(s, k)"),
    "escapes": _of(r"""'\"\'\\\?\`' AS a, "\a\b\f\n\r\t\v" AS b, '\x41\X42\u4e2d\U00000161\101' AS c, '\xe4\xb8\xad\377' AS d"""),
    "raw and triple-quoted texts": _of(r"""r'a\nb' AS a, R"x\"y" AS b, '''a'b''' AS c, """ + "\'\'\'x\ny\'\'\' AS d".replace("\'", "'")),
    "escapes in a condition": r"SELECT id FROM t WHERE s = '\x61b\143' OR s LIKE 'a\\_c'",
    "an escape that does not exist": _of(r"'\q'"),
    "half an escape": _of(r"'\x4'"),
    "half a pair of code units": _of(r"'\ud83d'"),
    "bytes are refused": _of("b'abc'"),
    "a text ends with its line": _of("'a\nb'"),
    "a comment with a hash": "SELECT id # it's\nFROM t",
    "CONFIG behind a query": "SELECT id FROM t CONFIG (execute_mode='offline', values=(1, 2))",
    "CONFIG behind a limit": "SELECT id FROM t LIMIT 3 CONFIG (execute_mode='online')",
    "CONFIG before INTO is refused": f"SELECT id FROM t CONFIG (execute_mode='offline') INTO OUTFILE '{OUT}'",
    "CONFIG behind INTO": f"SELECT id FROM t INTO OUTFILE '{OUT}' OPTIONS(header=true) CONFIG (execute_mode='offline')",
}

# The engine answers, but by chance, or with what a text of DuckDB cannot be.
REFUSED = {
    "what needs an order, of a group": "SELECT k, ew_avg(d, 0.5) AS a, drawdown(d) AS b, nth_value_where(i, 1, id > 1) AS c FROM t GROUP BY k",
    "topn_frequency by a column": _over("topn_frequency(s, id)"),
    "an unknown mode of CONFIG": "SELECT id FROM t CONFIG (execute_mode='onlin')",
    "an unknown key of CONFIG": "SELECT id FROM t CONFIG (x=1)",
    "a NUL in a text": _of(r"'a\000b' AS x"),
    "lag beyond MAXSIZE": _over("lag(id, 1)", "ROWS_RANGE BETWEEN 1 PRECEDING AND CURRENT ROW MAXSIZE 1"),
    "half a character": _of("substr(s, 2)"),
    "a text turned by bytes": _of("reverse(s)"),
    "arithmetic of truth": _of("b + 1, b * b"),
    "branches of text and numbers": _of("ifnull(s, 5)"),
    "two windows that differ in OPEN alone":
        "SELECT id, count(*) OVER a, count(*) OVER b FROM t WINDOW "
        "a AS (PARTITION BY k ORDER BY ts ROWS_RANGE BETWEEN 1 PRECEDING AND CURRENT ROW), "
        "b AS (PARTITION BY k ORDER BY ts ROWS_RANGE BETWEEN 1 OPEN PRECEDING AND CURRENT ROW)",
    "a window without an order": "SELECT id, count(*) OVER w FROM t WINDOW w AS (PARTITION BY k " + _ROWS + ")",
    "UNION ALL": "SELECT id FROM t UNION ALL SELECT id FROM u",
}


def world() -> World:
    queries = [Query(name, sql) for name, sql in CASES.items()]
    queries += [Query(name, sql, refuses=True) for name, sql in REFUSED.items()]
    return World(0, TABLES, queries + named_files.queries())
