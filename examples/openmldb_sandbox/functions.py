"""The scalar functions, each as a builder from typed arguments to a typed DuckDB fragment.

A name that is not in FUNCTIONS does not exist; `call` says so with the engine's kind of error.
"""

from __future__ import annotations

from collections.abc import Callable

from . import sqltypes as T
from .errors import physical_error
from .values import Typed, cast, coerce, common_type, local, to_string

Builder = Callable[..., Typed]


class Function:
    """How many arguments a function takes, and how it is built."""

    def __init__(self, least: int, most: int | None, build: Builder) -> None:
        self.least = least
        self.most = most
        self.build = build


def call(name: str, args: list[Typed]) -> Typed:
    """The fragment for `name(args)`."""
    lowered = name.lower()
    function = FUNCTIONS.get(lowered)
    if function is None:
        raise physical_error(f"Fail to resolve function: {lowered}() is not supported")
    if len(args) < function.least or (function.most is not None and len(args) > function.most):
        raise physical_error(f"Fail to resolve function: {lowered}() does not take {len(args)} argument(s)")
    return function.build(lowered, *args)


def _expect(name: str, value: Typed, allowed: tuple[str, ...]) -> None:
    if value.type not in (*allowed, T.NULL):
        raise physical_error(f"Fail to resolve function: {name}({value.type}) is not supported")


def _date_part(pattern: str, allowed: tuple[str, ...]) -> Builder:
    def build(name: str, value: Typed) -> Typed:
        _expect(name, value, allowed)
        return Typed(f"CAST({pattern.format(local(value))} AS INTEGER)", T.INT32)

    return build


def _math(pattern: str) -> Builder:
    """A function from numbers to a double; where DuckDB has only an error, the answer is NULL."""

    def build(name: str, *values: Typed) -> Typed:
        for value in values:
            _expect(name, value, T.NUMBERS)
        args = [coerce(value, T.DOUBLE).sql for value in values]
        return Typed(f"TRY({pattern.format(*args)})", T.DOUBLE)

    return build


def _log(name: str, first: Typed, second: Typed | None = None) -> Typed:
    if second is None:
        return _math("ln({0})")(name, first)
    return _math("(ln({1}) / ln({0}))")(name, first, second)


def _keep_type(pattern: str) -> Builder:
    def build(name: str, value: Typed) -> Typed:
        _expect(name, value, T.NUMBERS)
        return Typed(f"CAST({pattern.format(value.sql)} AS {T.DUCKDB[value.type]})", value.type)

    return build


def _to_whole(pattern: str) -> Builder:
    """ceil and floor: integers become bigint, floating numbers become double."""

    def build(name: str, value: Typed) -> Typed:
        _expect(name, value, T.NUMBERS)
        type_ = T.INT64 if value.type in T.INTEGERS else T.DOUBLE
        return coerce(Typed(pattern.format(value.sql), T.NULL), type_)

    return build


def _round(name: str, value: Typed, digits: Typed | None = None) -> Typed:
    _expect(name, value, T.NUMBERS)
    if digits is not None:
        _expect(name, digits, T.INTEGERS)
    type_ = value.type if value.type in T.INTEGERS else T.DOUBLE
    places = digits.sql if digits else "0"
    return Typed(f"CAST(round({value.sql}, {places}) AS {T.DUCKDB[type_]})", type_)


def _text(pattern: str, result: str = T.STRING, ints: tuple[int, ...] = ()) -> Builder:
    """A function of strings; the arguments at `ints` are integers."""

    def build(name: str, *values: Typed) -> Typed:
        for position, value in enumerate(values):
            _expect(name, value, T.INTEGERS if position in ints else (T.STRING,))
        sql = pattern.format(*(value.sql for value in values))
        return Typed(f"CAST({sql} AS {T.DUCKDB[result]})", result)

    return build


def _substr(name: str, text: Typed, position: Typed, length: Typed | None = None) -> Typed:
    """1-based, negative positions count from the end; position 0 and negative lengths give ''."""
    build = _text("CASE WHEN {1} = 0 THEN '' ELSE substr({0}, {1}) END", ints=(1,))
    if length is None:
        return build(name, text, position)
    pattern = "CASE WHEN {1} = 0 OR {2} <= 0 THEN '' ELSE substr({0}, {1}, {2}) END"
    return _text(pattern, ints=(1, 2))(name, text, position, length)


def _concat(name: str, *values: Typed) -> Typed:
    return Typed("(" + " || ".join(to_string(value).sql for value in values) + ")", T.STRING)


def _concat_ws(name: str, separator: Typed, *values: Typed) -> Typed:
    between = f" || {to_string(separator).sql} || "
    return Typed("(" + between.join(to_string(value).sql for value in values) + ")", T.STRING)


def _strcmp(name: str, left: Typed, right: Typed) -> Typed:
    pattern = "CASE WHEN {0} < {1} THEN -1 WHEN {0} > {1} THEN 1 WHEN {0} = {1} THEN 0 END"
    return _text(pattern, T.INT32)(name, left, right)


def _is_null(name: str, value: Typed) -> Typed:
    return Typed(f"({value.sql} IS NULL)", T.BOOL)


def _if_null(name: str, value: Typed, default: Typed) -> Typed:
    type_ = common_type(value, default, name)
    return Typed(f"coalesce({coerce(value, type_).sql}, {coerce(default, type_).sql})", type_)


def _nvl2(name: str, value: Typed, present: Typed, absent: Typed) -> Typed:
    type_ = common_type(present, absent, name)
    branches = f"{coerce(present, type_).sql} ELSE {coerce(absent, type_).sql}"
    return Typed(f"CASE WHEN {value.sql} IS NOT NULL THEN {branches} END", type_)


def _if(name: str, condition: Typed, yes: Typed, no: Typed) -> Typed:
    _expect(name, condition, (T.BOOL,))
    type_ = common_type(yes, no, name)
    if type_ in T.INTEGERS:
        raise physical_error(f"Fail to resolve function: if() with {type_} branches is not supported")
    return Typed(f"CASE WHEN {condition.sql} THEN {coerce(yes, type_).sql} ELSE {coerce(no, type_).sql} END", type_)


def _cast_to(type_: str) -> Builder:
    return lambda name, value: cast(value, type_)


def _date_format(name: str, value: Typed, pattern: Typed) -> Typed:
    _expect(name, value, (T.TIMESTAMP, T.DATE))
    _expect(name, pattern, (T.STRING,))
    return Typed(f"strftime({local(value)}, {pattern.sql})", T.STRING)


def _datediff(name: str, end: Typed, start: Typed) -> Typed:
    dates = [cast(value, T.DATE) if value.type == T.STRING else value for value in (end, start)]
    for value in dates:
        _expect(name, value, (T.DATE,))
    return Typed(f"CAST({dates[0].sql} - {dates[1].sql} AS INTEGER)", T.INT32)


_ANY_TIME = (T.TIMESTAMP, T.INT64, T.DATE)
_CLOCK = (T.TIMESTAMP, T.INT64)

FUNCTIONS: dict[str, Function] = {
    "year": Function(1, 1, _date_part("year({0})", _ANY_TIME)),
    "month": Function(1, 1, _date_part("month({0})", _ANY_TIME)),
    "day": Function(1, 1, _date_part("day({0})", _ANY_TIME)),
    "dayofweek": Function(1, 1, _date_part("dayofweek({0}) + 1", _ANY_TIME)),
    "dayofyear": Function(1, 1, _date_part("dayofyear({0})", _ANY_TIME)),
    "weekofyear": Function(1, 1, _date_part("weekofyear({0})", _ANY_TIME)),
    "hour": Function(1, 1, _date_part("hour({0})", _CLOCK)),
    "minute": Function(1, 1, _date_part("minute({0})", _CLOCK)),
    "second": Function(1, 1, _date_part("second({0})", _CLOCK)),
    "date_format": Function(2, 2, _date_format),
    "datediff": Function(2, 2, _datediff),
    "abs": Function(1, 1, _keep_type("abs({0})")),
    "ceil": Function(1, 1, _to_whole("ceil({0})")),
    "floor": Function(1, 1, _to_whole("floor({0})")),
    "round": Function(1, 2, _round),
    "truncate": Function(1, 1, _math("trunc({0})")),
    "sqrt": Function(1, 1, _math("sqrt({0})")),
    "exp": Function(1, 1, _math("exp({0})")),
    "ln": Function(1, 1, _math("ln({0})")),
    "log": Function(1, 2, _log),
    "log2": Function(1, 1, _math("log2({0})")),
    "log10": Function(1, 1, _math("log10({0})")),
    "pow": Function(2, 2, _math("pow({0}, {1})")),
    "sin": Function(1, 1, _math("sin({0})")),
    "cos": Function(1, 1, _math("cos({0})")),
    "tan": Function(1, 1, _math("tan({0})")),
    "asin": Function(1, 1, _math("asin({0})")),
    "acos": Function(1, 1, _math("acos({0})")),
    "atan": Function(1, 1, _math("atan({0})")),
    "atan2": Function(2, 2, _math("atan2({0}, {1})")),
    "concat": Function(1, None, _concat),
    "concat_ws": Function(2, None, _concat_ws),
    "substr": Function(2, 3, _substr),
    "upper": Function(1, 1, _text("upper({0})")),
    "lower": Function(1, 1, _text("lower({0})")),
    "char_length": Function(1, 1, _text("length({0})", T.INT32)),
    "replace": Function(2, 3, lambda name, *values: _text(
        "replace({0}, {1}, {2})" if len(values) == 3 else "replace({0}, {1}, '')")(name, *values)),
    "reverse": Function(1, 1, _text("reverse({0})")),
    "strcmp": Function(2, 2, _strcmp),
    "like_match": Function(2, 2, _text("({0} LIKE {1} ESCAPE '\\')", T.BOOL)),
    "ilike_match": Function(2, 2, _text("({0} ILIKE {1} ESCAPE '\\')", T.BOOL)),
    "is_null": Function(1, 1, _is_null),
    "ifnull": Function(2, 2, _if_null),
    "nvl2": Function(3, 3, _nvl2),
    "if": Function(3, 3, _if),
    **{
        spelling: Function(1, 1, _cast_to(type_))
        for spelling, type_ in {
            "bool": T.BOOL, "int16": T.INT16, "smallint": T.INT16, "int": T.INT32, "int32": T.INT32,
            "int64": T.INT64, "bigint": T.INT64, "float": T.FLOAT, "double": T.DOUBLE,
            "string": T.STRING, "date": T.DATE, "timestamp": T.TIMESTAMP,
        }.items()
    },
}

FUNCTIONS.update({
    alias: FUNCTIONS[name]
    for alias, name in {
        "dayofmonth": "day", "week": "weekofyear", "ceiling": "ceil", "power": "pow",
        "substring": "substr", "ucase": "upper", "lcase": "lower", "character_length": "char_length",
        "isnull": "is_null", "if_null": "ifnull", "nvl": "ifnull",
    }.items()
})
