"""Queries of files and of texts, from a seed: escapes, the OPTIONS of SELECT INTO, and CSV files to load."""

from __future__ import annotations

import random
from typing import Any

from files import OUT
from queries import Query

# as they stand in quotes; of an empty text and of NUL, the engine makes what its memory has
PIECES = [
    r"\"", r"\'", r"\\", r"\n", r"\t", r"\r", r"\a", r"\x41", r"\X7e", r"\101", r"\u4e2d", r"\U00000161", r"\?", r"\`", "a", "b c",
    "中", ",", "|", "#", ";", " ", "x", "1", "-", ".", r"\x22", r"\054",
]
WRONG = [r"\q", r"\N", r"\x4", r"\xg1", r"\u12", r"\ud800", r"\U00110000", r"\400", r"\18", r"\_", r"\%"]
DELIMITERS = [r"','", r"'|'", r"'\t'", r"'\\t'", "'||'", "';'", "' '", "'.'", "'-'", r"'\x01'", r"'\u4e2d'", "'::'", "'a'"]
QUOTES = [r"'\''", "''", "'|'", r"'\"'", "'a'", '"#"']
NULLS = ["''", "'NA'", "'a,b'", "' x '", "'\"'", r"'\n'", "'null'"]

# cells of a CSV file as they stand in it
CELLS = ["", "a", '""', '"a,b"', r'"a\"b"', '"a""b"', r'"\\"', 'a"b', " x ", '" y "', '"z" ', ' "w"', "null", '"null"', "NULL", r"\N", "\\,", "中",
         '"open', "#c", "'q'", "12", "-7", "+5", "1.5", "1e3", "true", "FALSE", "2021-01-03", "2021-1-3", "20210103", "2017-11-06 17:21:28", "NaN",
         "70000", " 12 ", " 1.5 ", " 2021-01-03 "]
TYPES = ["string", "string", "int", "double", "bool", "date", "smallint", "bigint", "float"]


def text(chance: random.Random) -> str:
    """A literal with escapes, in either quote, at times raw or in three quotes."""
    body = "".join(chance.choice(PIECES) for _ in range(chance.randrange(1, 6)))
    quote = chance.choice(["'", '"', "'''", '"""'])
    if body.endswith("\\") and not body.endswith("\\\\"):
        body += "\\"
    return f"{chance.choice(['', '', '', 'r'])}{quote}{body}{quote}"


def literals(chance: random.Random, feature: str) -> Query:
    if chance.random() < 0.25:
        wrong = chance.choice(PIECES) + chance.choice(WRONG) + chance.choice(PIECES)
        return Query(feature, f"SELECT id, '{wrong}' AS x FROM t1")
    plain = f"SELECT id, {text(chance)} AS x, {text(chance)} AS y FROM t1"
    computed = f"SELECT id, concat(s, {text(chance)}) AS x, char_length({text(chance)}) AS y FROM t1"
    return Query(feature, chance.choice([plain, computed, f"SELECT id FROM t1 WHERE s != {text(chance)}"]))


def outfile(chance: random.Random, feature: str) -> Query:
    items = chance.choice([
        f"id, s, {text(chance)} AS x, i32, d", "*", f"s, concat(s, {text(chance)}) AS x, f, b", "ks, dt, tm, i64",
        "s AS `#s`, d AS `x,y`, i16 AS ` z `", "id, s, string(d) AS sd, string(ts) AS sts",
        "id, top(s, 3) OVER w AS x, sum(i32) OVER w AS y",
    ])
    rest = "t1" + chance.choice(["", "", " WHERE d < 1.5", " WHERE id > 999999"])
    if " OVER " in items:
        rest = "t1 WINDOW w AS (PARTITION BY k ORDER BY u ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)"
    select = f"SELECT {items} FROM {rest} INTO OUTFILE '{OUT}'"
    options = _options(chance)
    if chance.random() < 0.12:
        options = {"format": "'parquet'", **({"coalesce": "1"} if chance.random() < 0.5 else {})}
        select = select.replace("`#s`", "s").replace("`x,y`", "x").replace("` z `", "z")
    earlier = ""
    if chance.random() < 0.3:
        earlier = _statement(select, options)
        options = {**options, "mode": chance.choice(["'append'", "'overwrite'", "'error_if_exists'", "'OVERWRITE'"])}
    return Query(feature, _statement(select, options), earlier=earlier)


def _options(chance: random.Random) -> dict[str, str]:
    options = {}
    for name, values, share in (("delimiter", DELIMITERS, 0.4), ("quote", QUOTES, 0.3), ("null_value", NULLS, 0.3),
                                ("header", ["true", "false"], 0.4), ("coalesce", ["1", "3"], 0.2), ("format", ["'csv'", "'CSV'"], 0.1)):
        if chance.random() < share:
            options[name] = chance.choice(values)
    return options


def _statement(select: str, options: dict[str, str]) -> str:
    listed = ", ".join(f"{name}={value}" for name, value in options.items())
    return f"{select} OPTIONS({listed})" if options else select


def load(chance: random.Random, feature: str) -> Query:
    columns = [[f"c{i}", chance.choice(TYPES)] for i in range(chance.randrange(2, 5))]
    delimiter = chance.choice([",", ",", "|", ";", "||", "\t"])
    options: dict[str, Any] = {} if delimiter == "," else {"delimiter": delimiter}
    if chance.random() < 0.3:
        options["header"] = chance.random() < 0.5
    if chance.random() < 0.3:
        options["null_value"] = chance.choice(["", "NULL", "12", "a"])
    if chance.random() < 0.2:
        options["quote"] = chance.choice(["'", ""])
    cells = [cell for cell in CELLS if cell != "70000" or ["date"] not in [column[1:] for column in columns]]  # a year to the engine
    lines = [delimiter.join(chance.choice(cells) for _ in range(len(columns) + chance.choice([0, 0, 0, 0, -1, 1])))
             for _ in range(chance.randrange(1, 9))]
    end = chance.choice(["\n", "\n", "\r\n"])
    header = delimiter.join(name for name, _ in columns)
    return Query(feature, "", load=end.join([header, *lines, ""]), options=options, columns=columns)
