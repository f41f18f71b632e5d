"""Tables and queries from a seed: the same seed gives the same, on every machine.

Features and functions come in turn instead of by chance, so that a run of a few hundred queries has them all.
"""

from __future__ import annotations

import itertools
import random
import re
from typing import Any

import generate_files
from queries import Query, World

QUERIES_PER_WORLD = 60  # then come new tables
ROWS = 18

START_MS = 1_509_960_000_000  # 2017-11-06 17:20 in UTC+8
COLUMNS = {
    "id": "int", "k": "int", "ks": "string", "ts": "timestamp", "u": "timestamp", "o": "bigint", "b": "bool", "i16": "smallint",
    "i32": "int", "i64": "bigint", "f": "float", "d": "double", "s": "string", "dt": "date", "tm": "timestamp",
}
# no numbers of very different size: what a sum of them loses depends on the order of adding up
EDGES: dict[str, list[Any]] = {
    "bool": [True, False],
    "smallint": [0, 1, -1, 7, 32767, -32768],
    "int": [0, 1, -1, 2, 3, 17, 100, 2147483647, -2147483648],
    "bigint": [0, 1, -1, 5, 1509960088000, 1582992000000, 4102444800000],
    "float": [0.0, 1.0, -1.5, 2.5, 0.1, 1000.5, -3.5],
    "double": [0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 3.14159, 0.001, 123456.75, -999.5],
    "string": ["", "a", "Ab", "abc", "ABC", "a%c", "x_y", " pad ", "12", "-7", "1.5", "2021-01-03", "2017-11-06 17:21:28",
               "true", "žluť", "中文字", "a,b"],
    "date": ["2017-11-06", "2020-02-29", "2021-01-03", "2021-12-31", "1970-01-01", "1969-07-20"],
    "timestamp": [START_MS, START_MS + 24_000_000, 0, 1582992000000, 1609430399999, 1609603200123, 1640966400000],
}
NUMBERS = ("smallint", "int", "bigint", "float", "double")
INTEGERS = ("smallint", "int", "bigint")
ANY = tuple(EDGES)
CLOCK = ("timestamp", "bigint")
TIME = ("timestamp", "bigint", "date")
TEXT = ("string",)
ASCII = ("ascii",)  # the engine cuts and turns texts by bytes
LETTERS = ("letters",)  # of an empty text, the engine makes NULL or an empty one, as its memory happens to be

# name -> the types each argument may have; a text in place of types is SQL as it stands, `a|b` one of them
SCALARS: dict[str, list[Any]] = {
    **{name: [TIME] for name in ("year", "month", "day", "dayofmonth", "dayofweek", "dayofyear", "week", "weekofyear")},
    **{name: [CLOCK] for name in ("hour", "minute", "second")},
    "date_format": [("timestamp", "date"), "'%Y-%m-%d'|'%H:%M:%S'|'%Y%m%d %H'|'%y/%j'|'plain'|'%d %b %Y'"],
    "datediff": [("date",), ("date", "string")],
    **{name: [NUMBERS] for name in ("abs", "ceil", "ceiling", "floor", "round", "truncate", "sqrt", "exp", "ln", "log",
                                    "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan")},
    "round#2": [NUMBERS, "0|1|2|-1"],
    "log#2": [NUMBERS, NUMBERS], "pow": [NUMBERS, NUMBERS], "power": [NUMBERS, "2|0.5|-1|0"], "atan2": [NUMBERS, NUMBERS],
    "concat": [ANY, ANY, TEXT], "concat_ws": ["'-'|''|','", ANY, TEXT],
    "substr": [ASCII, "1|2|0|-2|5|-9"], "substr#3": [ASCII, "1|2|0|-2", "0|1|2|-1|99"],
    "substring": [ASCII, "2|-1", "1|3"], "reverse": ["concat(ks, 'xyz')|string(dt)|'Abc'|string(i64)"],
    **{name: [LETTERS] for name in ("upper", "ucase", "lower", "lcase")},
    **{name: [TEXT] for name in ("char_length", "character_length")},
    "replace": [TEXT, "'a'|'b'|''", "'xy'|''"], "replace#2": [TEXT, "'a'|' '"], "strcmp": [TEXT, TEXT],
    "like_match": [TEXT, "'a%'|'%b%'|'_b%'|'a\\\\%c'|'x_y'|''|'%'"],
    "ilike_match": [TEXT, "'a%'|'%B%'|'_b%'|'A\\\\%c'|'AB'"],
    "is_null": [ANY], "isnull": [ANY], "ifnull": ["SAME", "SAME"], "if_null": ["SAME", "SAME"], "nvl": ["SAME", "SAME"],
    "nvl2": [ANY, "SAME", "SAME"],
    **{name: [ANY] for name in ("bool", "smallint", "int16", "int", "int32", "bigint", "int64", "float", "double",
                                "string")},
    "date": [("timestamp", "date", "string")], "timestamp": [("timestamp", "date", "string", "bigint", "int")],
}
OPERATORS = ["+", "-", "*", "/", "DIV", "%", "=", "!=", "<>", "<", "<=", ">", ">=", "AND", "OR", "XOR", "NOT", "neg",
             "BETWEEN", "IN", "NOT IN", "LIKE", "NOT LIKE", "ILIKE", "CASE", "CASE x", "CAST", "CAST string"]
AGGREGATES = ["count", "count(*)", "sum", "min", "max", "avg", "distinct_count", "top", "count_where",
              "count_where(*)", "sum_where", "min_where", "max_where", "avg_where"]
SPREADS = ["stddev", "std", "stddev_samp", "stddev_pop", "var_samp", "variance", "var_pop", "median"]
CATES = [f"{base}_cate{where}" for base in ("count", "sum", "min", "max", "avg") for where in ("", "_where")]
TOP_CATES = [*(f"top_n_{order}_{base}_cate_where" for order in ("key", "value") for base in ("count", "sum", "min", "max", "avg")),
             "top_n_key_ratio_cate", "top_n_value_ratio_cate"]
AGGREGATES = [*AGGREGATES, "topn_frequency", "top1_ratio", "entropy", *SPREADS, *CATES, *TOP_CATES]
WINDOW_AGGREGATES = [*AGGREGATES, "first_value", "last_value", "lag", "topn_frequency", "ew_avg", "drawdown", "nth_value_where"]
FRAME_EXTRAS = {
    "ROWS": ["", "EXCLUDE CURRENT_ROW", "", "EXCLUDE CURRENT_TIME"],
    "ROWS_RANGE": ["", "MAXSIZE 2", "EXCLUDE CURRENT_ROW", "EXCLUDE CURRENT_TIME", "MAXSIZE 1", "",
                   "MAXSIZE 2 EXCLUDE CURRENT_ROW", "MAXSIZE 3 EXCLUDE CURRENT_TIME", "MAXSIZE 3"],
}


def worlds(seed: int, count: int) -> list[World]:
    """`count` queries in all."""
    turns = Turns()
    sizes = [min(QUERIES_PER_WORLD, count - start) for start in range(0, count, QUERIES_PER_WORLD)]
    return [_world(seed + number, size, turns) for number, size in enumerate(sizes)]


class Turns:
    """What comes next, of everything that comes in turn."""

    def __init__(self) -> None:
        self._cycles: dict[str, Any] = {}

    def next(self, name: str, items: list[Any]) -> Any:
        return next(self._cycles.setdefault(name, itertools.cycle(items)))


def _world(seed: int, size: int, turns: Turns) -> World:
    chance = random.Random(seed)
    tables = [{"table": name, "columns": [list(c) for c in COLUMNS.items()], "rows": _rows(chance, first, rows)}
              for name, first, rows in (("t1", 1, ROWS), ("t2", 101, ROWS // 2))]
    author = _Author(chance, turns)
    return World(seed, tables, [author.query() for _ in range(size)])


def _rows(chance: random.Random, first: int, count: int) -> list[list[Any]]:
    """Few keys and times, so that there are ties; NULL in one cell of seven, and in some keys and times."""
    rows = []
    for number in range(first, first + count):
        row: list[Any] = [None if chance.random() < 1 / 7 else chance.choice(EDGES[t]) for t in COLUMNS.values()]
        row[0] = number
        row[1] = chance.choice([1, 1, 2, 2, 3, None])
        row[2] = chance.choice(["a", "a", "b", "", None])
        row[3] = START_MS + chance.randrange(8) * 1_800_000 + chance.choice([0, 0, 0, 1, -1])
        row[4] = START_MS + number * 7_919_000 % 36_000_000  # no two are equal
        row[5] = chance.randrange(6)
        rows.append(row)
    return rows


def literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "\\'") + "'"
    return "NULL" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


class _Author:
    """Writes the queries of one world."""

    def __init__(self, chance: random.Random, turns: Turns) -> None:
        self._chance = chance
        self._turns = turns

    def query(self) -> Query:
        feature = self._turns.next("feature", _TURNS)
        return FEATURES[feature](self, feature)

    # --- expressions

    def column(self, types: tuple[str, ...], source: str = "") -> str:
        names = [name for name, type_ in COLUMNS.items() if type_ in types and name != "id"]
        return (f"{source}." if source else "") + self._chance.choice(names)

    def value(self, types: tuple[str, ...], depth: int = 0) -> str:
        """A column, a constant where the type has constants, or at times something computed."""
        draw = self._chance.random()
        type_ = self._chance.choice(types)
        if draw < 0.15 and type_ in ("int", "double", "string", "bool"):
            constant = self._chance.choice(EDGES[type_])
            return literal(constant) if constant != -2147483648 else "-2147483647"
        if draw < 0.25 and depth < 2 and type_ in NUMBERS:
            sides = (self.value((type_,), depth + 1) for _ in range(2))
            return "(" + f" {self._chance.choice('+-*')} ".join(sides) + ")"
        return self.column((type_,))

    def scalar(self, name: str) -> str:
        same = (self._chance.choice(["double", "string", "bigint", "int", "date", "timestamp", "bool", "smallint"]),)
        args = [self._argument(argument, same) for argument in SCALARS[name]]
        return f"{name.split('#')[0]}({', '.join(args)})"

    def _argument(self, argument: Any, same: tuple[str, ...]) -> str:
        if argument == "SAME":
            return self.value(same)
        if argument in (CLOCK, TIME):
            return self.column(argument)  # what is computed ends in years that no calendar has
        if argument == ASCII:
            return self._chance.choice(["ks", "string(dt)", "string(i64)", "'Abc'", "concat(ks, 'xyz')"])
        if argument == LETTERS:
            return self._chance.choice(["concat(s, 'xY')", "concat('ž', ks)", "'Straße 7'", "string(b)", "concat(s, ks, '-')"])
        return self._chance.choice(argument.split("|")) if isinstance(argument, str) else self.value(argument)

    def operation(self, operator: str) -> str:
        a, b = self.value(NUMBERS), self.value(NUMBERS)
        text, other = self.value(TEXT), self.value(TEXT)
        if operator in ("DIV", "%"):
            return f"{self.value(INTEGERS)} {operator} {self.value(INTEGERS)}"
        if operator in ("AND", "OR", "XOR"):
            return f"{self.condition()} {operator} {self.condition()}"
        if operator in ("=", "!=", "<>", "<", "<=", ">", ">="):
            types = self._chance.choice([NUMBERS, TEXT, ("date",), ("timestamp",), ("bool",)])
            return f"{self.value(types)} {operator} {self.value(types)}"
        if operator in ("LIKE", "NOT LIKE", "ILIKE"):
            return f"{text} {operator} {self._chance.choice(SCALARS['like_match'][1].split('|'))}"
        return {
            "NOT": f"NOT ({self.condition()})",
            "neg": f"-({a})",
            "BETWEEN": f"{a} BETWEEN {b} AND {self.value(NUMBERS)}",
            "IN": f"{self.column(('int',))} IN (1, 3, {self.value(('int',))})",
            "NOT IN": f"{self.column(TEXT)} NOT IN ('a', 'abc', {text})",
            "CASE": f"CASE WHEN {self.condition()} THEN {text} WHEN {self.condition()} THEN {other} ELSE 'none' END",
            "CASE x": f"CASE {self.column(('int',))} WHEN 1 THEN {text} WHEN 3 THEN {other} END",
            "CAST": f"CAST({self.value(ANY)} AS {self._chance.choice(NUMBERS)})",
            "CAST string": f"CAST({self.value(ANY)} AS string)",
        }.get(operator) or f"{a} {operator} {b}"

    def condition(self, source: str = "") -> str:
        prefix = f"{source}." if source else ""
        return prefix + self._chance.choice([
            "i32 > 1", "d < 1.5", "s != 'a'", "b != false", "i16 >= 0", "i64 <> 5", "o <= 3", "k = 1", "ks = 'a'",
            "dt > date('2020-01-01')",
        ])

    def aggregate(self, name: str, source: str = "") -> str:
        if name == "count(*)":
            return name
        condition = self.condition(source)
        if name == "count_where(*)":
            return f"count_where(*, {condition})"
        if name in CATES or name in TOP_CATES:
            return self._cate(name, source, condition)
        if name == "nth_value_where":
            return f"{name}({self.column(ANY, source)}, {self._chance.choice([1, 2, -1, -2])}, {condition})"
        if name == "ew_avg":
            return f"{name}({self.column(NUMBERS, source)}, {self._chance.choice(['0.5', '0.1', '0.0', '1.0'])})"
        ordered = ("min", "max", "top", "topn_frequency", "top1_ratio")
        types = (*NUMBERS, "string", "date", "timestamp") if name in ordered else NUMBERS if name in (*SPREADS, "drawdown") else \
            NUMBERS if name in ("sum", "avg") or name[:3] in ("sum", "avg", "min", "max") else ANY
        value = self.column(types, source)
        if name in ("sum", "avg", "sum_where", "max_where") and self._chance.random() < 0.2:
            value = f"{self.column(('int', 'bigint'), source)} {self._chance.choice('+-*')} {self.column(('int',), source)}"
        if name in ("top", "lag", "topn_frequency"):
            return f"{name}({value}, {self._chance.choice([1, 2, 3])})"
        return f"{name}({value}, {condition})" if name.endswith("_where") else f"{name}({value})"

    def _cate(self, name: str, source: str, condition: str) -> str:
        """Without sums of floats over a group: the order of adding up shows in their text."""
        numbers = ("smallint", "int", "bigint", "double") if "sum" in name else NUMBERS
        value = self.column(ANY if "count" in name or "ratio" in name else numbers, source)
        category = self.column((*INTEGERS, "string", "date", "timestamp"), source)
        where = f", {condition}" if "where" in name or "ratio" in name else ""
        bound = f", {self._chance.choice([1, 2, 3])}" if name in TOP_CATES else ""
        return f"{name}({value}{where}, {category}{bound})"

    def select(self, items: list[str], rest: str) -> str:
        """At times without aliases, for the engine has names of its own."""
        named = self._chance.random() < 0.75
        return f"SELECT {', '.join(f'{item} AS c{i}' if named else item for i, item in enumerate(items))} FROM {rest}"

    # --- windows

    def frame(self) -> str:
        pick = self._chance.choice
        if pick([True, False]):
            first = pick(["UNBOUNDED", "0", "1", "2", "3", "5", "2 OPEN"])
            end = "CURRENT ROW" if first == "0" or pick([1, 2, 3]) > 1 else pick(["1 PRECEDING", "0 PRECEDING"])
            kind = "ROWS"
        else:
            first = pick(["UNBOUNDED", "1h", "30m", "2h", "1d", "1800s", "3600s OPEN", "3600001"])
            late = ["30m PRECEDING", "0s PRECEDING", "0s OPEN PRECEDING", "1s PRECEDING"]
            end = "CURRENT ROW" if pick([1, 2, 3]) > 1 else pick(late)
            kind = "ROWS_RANGE"
        extra = self._turns.next(f"extra of {kind}", FRAME_EXTRAS[kind])
        return f"{kind} BETWEEN {first} PRECEDING AND {end} {extra}".rstrip()

    def window_calls(self, window: str, count: int, frame: str, source: str = "") -> list[str]:
        names = [self._turns.next("window aggregate", WINDOW_AGGREGATES) for _ in range(count)]
        calls = [f"{self.aggregate(name, source)} OVER {window}" for name in names]
        # behind MAXSIZE, lag() finds what the engine happens to have kept
        return [re.sub(r"(lag\([\w.]+), \d", r"\1, 0", call) for call in calls] if "MAXSIZE" in frame else calls

    def window(self, feature: str) -> Query:
        keys = self._chance.choice(["k", "ks", "k, ks"])
        order = self._chance.choice(["ts", "ts", "o"])
        frame = self.frame()
        if order == "o" and "RANGE" in frame:
            order = "ts"
        definition = f"(PARTITION BY {keys} ORDER BY {order} {frame})"
        return Query(feature, self.select(["id", *self.window_calls("w", 4, frame)], f"t1 WINDOW w AS {definition}"))

    def two_windows(self, feature: str) -> Query:
        """The engine merges windows of equal keys, and gets their bounds wrong; of more than one window, it does not
        keep the order among equal times."""
        frames = self.frame(), self.frame()
        calls = self.window_calls("w1", 2, frames[0]) + self.window_calls("w2", 2, frames[1])
        definitions = "w1 AS (PARTITION BY k ORDER BY u {}), w2 AS (PARTITION BY ks ORDER BY u {})".format(*frames)
        return Query(feature, self.select(["id", "k", *calls], f"t1 WINDOW {definitions}"))

    def union_window(self, feature: str) -> Query:
        outside = self._chance.choice(["", " INSTANCE_NOT_IN_WINDOW"])
        frame = self.frame()
        definition = f"(UNION t2 PARTITION BY {self._chance.choice(['k', 'ks'])} ORDER BY ts {frame}{outside})"
        return Query(feature, self.select(["id", *self.window_calls("w", 3, frame)], f"t1 WINDOW w AS {definition}"))

    def filtered_window(self, feature: str) -> Query:
        frame = self.frame()
        definition = f"(PARTITION BY k ORDER BY ts {frame})"
        rest = f"t1 WHERE {self.condition()} WINDOW w AS {definition}"
        return Query(feature, self.select(["id", *self.window_calls("w", 2, frame), self.scalar("ifnull")], rest))

    def joined_window(self, feature: str) -> Query:
        """A join does not keep the order among equal times, either."""
        frame = self.frame()
        calls = self.window_calls("w", 2, frame, "t1") + self.window_calls("w", 1, frame, "t2")
        rest = f"t1 LAST JOIN t2 ORDER BY t2.id ON t1.k = t2.k WINDOW w AS (PARTITION BY t1.k ORDER BY t1.u {frame})"
        return Query(feature, self.select(["t1.id", "t2.id", *calls], rest))

    def nested(self, feature: str) -> Query:
        """Functions of functions, in a choice."""
        number = f"round(abs({self.value(('int', 'double'))}), 2)"
        text = f"concat({self.value(('int', 'date', 'string'))}, '-', upper(concat('x', {self.column(('int', 'date'))})))"
        choice = f"CASE WHEN {self.condition()} AND k BETWEEN 1 AND 2 THEN {text} ELSE ifnull(s, 'none') END"
        return Query(feature, self.select(["id", f"ifnull({number}, -1)", f"char_length({text})", choice], "t1"))

    # --- the others

    def scalars(self, feature: str) -> Query:
        name = self._turns.next("scalar", list(SCALARS))
        call = self.scalar(name)
        # beside something computed, casts are compiled, and else Spark does them
        plain = name in ("date", "timestamp") or self._chance.random() < 0.5
        return Query(f"{feature} {name}", self.select(["id" if plain else "id + 1", call], "t1"))

    def operations(self, feature: str) -> Query:
        name = self._turns.next("operator", OPERATORS)
        return Query(f"{feature} {name}", self.select(["id", self.operation(name)], "t1"))

    def last_join(self, feature: str) -> Query:
        order = self._chance.choice(["ORDER BY t2.ts ", "ORDER BY t2.id ", "", "ORDER BY t2.o ", "ORDER BY t2.ts DESC "])
        key = self._chance.choice(["k", "ks", "o"])
        extra = self._chance.choice(["", " AND t2.ts <= t1.ts", " AND t2.i32 > 1", " AND t1.ks = t2.ks"])
        shown = ["t2.id", "t2.s", "t2.dt"]
        rest = f"t1 LAST JOIN t2 {order}ON t1.{key} = t2.{key}{extra}"
        return Query(feature, self.select(["t1.id", f"t1.{key}", *shown], rest))

    def left_join(self, feature: str) -> Query:
        key = self._chance.choice(["k", "ks"])
        return Query(feature, self.select(["t1.id", "t2.id", "t2.d"], f"t1 LEFT JOIN t2 ON t1.{key} = t2.{key}"))

    def group(self, feature: str) -> Query:
        keys = self._chance.choice(["k", "ks", "b", "k, ks", "dt"])
        names = [self._turns.next("group aggregate", AGGREGATES) for _ in range(3)]
        where = f" WHERE {self.condition()}" if self._chance.random() < 0.3 else ""
        having = " HAVING count(*) > 2" if self._chance.random() < 0.3 else ""
        items = [*keys.split(", "), *(self.aggregate(name) for name in names)]
        return Query(feature, self.select(items, f"t1{where} GROUP BY {keys}{having}"))

    def where(self, feature: str) -> Query:
        return Query(feature, self.select(["id"], f"t1 WHERE {self.condition()} AND {self.condition()}"))

    def ordered(self, feature: str) -> Query:
        column = self.column(("int", "bigint", "smallint", "timestamp"))
        down = self._chance.choice(["", " DESC"])
        return Query(feature, f"SELECT id, {column} FROM t1 ORDER BY {column}{down}", [1])

    def distinct(self, feature: str) -> Query:
        return Query(feature, "SELECT DISTINCT " + self._chance.choice(["k", "k, ks", "b, ks"]) + " FROM t1")

    def limited(self, feature: str) -> Query:
        return Query(feature, f"SELECT id, s FROM t1 ORDER BY id LIMIT {self._chance.choice([1, 5, 100])}", [0])

    def literals(self, feature: str) -> Query:
        return generate_files.literals(self._chance, feature)

    def outfile(self, feature: str) -> Query:
        return generate_files.outfile(self._chance, feature)

    def load(self, feature: str) -> Query:
        return generate_files.load(self._chance, feature)

    def subquery(self, feature: str) -> Query:
        inner = f"SELECT id, k, i32, {self.operation('+')} AS x FROM t1 WHERE {self.condition()}"
        return Query(feature, f"SELECT id, x, i32 % 2 AS y FROM ({inner}) AS q WHERE k < 3")


# what a turn of each gives; those that stand here more than once have many variants
FEATURES = {
    "scalar": _Author.scalars, "window": _Author.window, "operator": _Author.operations, "group": _Author.group,
    "last join": _Author.last_join, "union window": _Author.union_window, "two windows": _Author.two_windows,
    "filtered window": _Author.filtered_window, "where": _Author.where, "left join": _Author.left_join,
    "joined window": _Author.joined_window, "nested": _Author.nested, "order": _Author.ordered,
    "distinct": _Author.distinct, "limit": _Author.limited, "subquery": _Author.subquery, "literals": _Author.literals,
    "outfile": _Author.outfile, "load": _Author.load,
}
_TURNS = ["scalar", "window", "outfile", "scalar", "operator", "window", "last join", "scalar", "literals", "group", "union window",
          "scalar", "group", "outfile", "two windows", "where", "load", "scalar", "filtered window", "order", "operator", "window", "outfile",
          "scalar", "subquery", "joined window", "literals", "nested", "load", "distinct", "limit", "left join"]
