"""The scalar functions, each as a builder from typed arguments to a typed DuckDB fragment.

A name that is not in FUNCTIONS does not exist; `call` says so with the engine's kind of error.
"""

from __future__ import annotations

from collections.abc import Callable

from . import sqltypes as T
from .casts import cast, truncated
from .errors import physical_error
from .values import ENGINE_ZONE_MS, Typed, coerce, common_type, local, quote, to_float, to_string, wrap

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


def _clock_part(unit_ms: int, count: int, offset_ms: int = 0) -> Builder:
    """By division that truncates, so that times before 1970 give negative parts, as in the engine."""

    def build(name: str, value: Typed) -> Typed:
        _expect(name, value, _CLOCK)
        moment = wrap(f"(CAST({value.sql} AS HUGEINT) + {offset_ms})", T.INT64)
        return Typed(f"CAST({moment} // {unit_ms} % {count} AS INTEGER)", T.INT32)

    return build


def _day_of_year(name: str, value: Typed) -> Typed:
    """Before 1970 there is no answer, except for dates."""
    day = _date_part("dayofyear({0})", _ANY_TIME)(name, value)
    return day if value.type == T.DATE else Typed(f"CASE WHEN {value.sql} >= 0 THEN {day.sql} END", T.INT32)


def _math(pattern: str, keeps_float: bool = True) -> Builder:
    """A function of numbers: a float of floats, else a double; where DuckDB has only an error, the answer is NULL."""

    def build(name: str, *values: Typed) -> Typed:
        for value in values:
            _expect(name, value, T.NUMBERS)
        args = [coerce(value, T.DOUBLE).sql for value in values]
        sql = f"TRY({pattern.format(*args)})"
        if keeps_float and all(value.type == T.FLOAT for value in values):
            return Typed(to_float(sql), T.FLOAT)
        return Typed(sql, T.DOUBLE)

    return build


def _log(name: str, first: Typed, second: Typed | None = None) -> Typed:
    if second is None:
        return _math("ln({0})")(name, first)
    return _math("(ln({1}) / nullif(ln({0}), 0))", keeps_float=False)(name, first, second)


def _abs(name: str, value: Typed) -> Typed:
    _expect(name, value, T.NUMBERS)
    if value.type in (T.FLOAT, T.DOUBLE):
        return Typed(f"abs(CAST({value.sql} AS DOUBLE))", T.DOUBLE)
    type_ = T.INT64 if value.type == T.INT64 else T.INT32
    return Typed(wrap(f"abs(CAST({value.sql} AS HUGEINT))", type_), type_)


def _to_whole(pattern: str, integer: str | None = None) -> Builder:
    """Whole numbers, computed in double: integers become `integer` (their own kind for None), others stay double."""

    def build(name: str, value: Typed) -> Typed:
        _expect(name, value, T.NUMBERS)
        whole = pattern.format(f"CAST({value.sql} AS DOUBLE)")
        if value.type in (T.FLOAT, T.DOUBLE):
            return Typed(whole, T.DOUBLE)
        type_ = integer or (T.INT64 if value.type == T.INT64 else T.INT32)
        return Typed(truncated(whole, type_), type_)

    return build


def _round(name: str, value: Typed, digits: Typed | None = None) -> Typed:
    _expect(name, value, T.NUMBERS)
    if digits is not None:
        _expect(name, digits, T.INTEGERS)
    places = digits.sql if digits else "0"
    if value.type in T.INTEGERS and digits is None:
        return value
    rounded = f"round(CAST({value.sql} AS DOUBLE), {places})"
    if value.type in T.INTEGERS:
        return Typed(truncated(rounded, value.type), value.type)
    return Typed(to_float(rounded), T.FLOAT) if value.type == T.FLOAT else Typed(rounded, T.DOUBLE)


def _text(pattern: str, result: str = T.STRING, ints: tuple[int, ...] = ()) -> Builder:
    """A function of strings; the arguments at `ints` are integers."""

    def build(name: str, *values: Typed) -> Typed:
        for position, value in enumerate(values):
            _expect(name, value, T.INTEGERS if position in ints else (T.STRING,))
        sql = pattern.format(*(value.sql for value in values))
        return Typed(f"CAST({sql} AS {T.DUCKDB[result]})", result)

    return build


def _substr(name: str, text: Typed, position: Typed, length: Typed | None = None) -> Typed:
    """By bytes.  1-based, negative positions count from the end; position 0 and negative lengths give an empty text."""
    _expect(name, text, (T.STRING,))
    for number in (position, length):
        if number is not None:
            _expect(name, number, T.INTEGERS)
    first = f"(CASE WHEN {position.sql} < 0 THEN strlen({text.sql}) + {position.sql} + 1 ELSE {position.sql} END)"
    last = f"strlen({text.sql})"
    if length is not None:
        last = f"least({last}, {first} + CAST({length.sql} AS BIGINT) - 1)"
    cut = _whole_text(name, f"array_slice(encode({text.sql}), {first}, {last})")
    known = " AND ".join(f"{v.sql} IS NOT NULL" for v in (text, position, length) if v is not None)
    inside = f"CASE WHEN {first} <= 0 OR {first} > {last} THEN '' ELSE {cut} END"
    return Typed(f"CASE WHEN {known} THEN {inside} END", T.STRING)


def _whole_text(name: str, bytes_: str) -> str:
    """Bytes as text.  The engine gives back half characters, which no text of DuckDB can hold."""
    return f"coalesce(TRY(decode({bytes_})), error({quote(f'{name}() by bytes cuts a character in two')}))"


def _reverse(name: str, text: Typed) -> Typed:
    """By bytes, too, so it is sound for ASCII alone."""
    _expect(name, text, (T.STRING,))
    refusal = f"error({quote(f'{name}() by bytes cuts a character in two')})"
    is_wide = f"strlen({text.sql}) > length({text.sql})"
    return Typed(f"CASE WHEN {is_wide} THEN {refusal} ELSE reverse({text.sql}) END", T.STRING)


def _concat(name: str, *values: Typed) -> Typed:
    return Typed("(" + " || ".join(to_string(value).sql for value in values) + ")", T.STRING)


def _concat_ws(name: str, separator: Typed, *values: Typed) -> Typed:
    between = f" || {to_string(separator).sql} || "
    return Typed("(" + between.join(to_string(value).sql for value in values) + ")", T.STRING)


def _strcmp(name: str, left: Typed, right: Typed) -> Typed:
    """The difference of the first bytes that differ, or the sign of that of the lengths."""
    _expect(name, left, (T.STRING,))
    _expect(name, right, (T.STRING,))
    a, b = (f"hex(encode({side.sql}))" for side in (left, right))
    pair = "substr({}, 2 * i + 1, 2)"
    both = f"least(strlen({left.sql}), strlen({right.sql}))"
    # one list item: the position of the first difference
    places = f"list_filter(range({both}), lambda i: {pair.format(a)} <> {pair.format(b)})[1:1]"
    numbers = " - ".join(f"CAST('0x' || {pair.format(side)} AS INTEGER)" for side in (a, b))
    difference = f"list_transform({places}, lambda i: {numbers})[1]"
    return Typed(
        f"CAST(coalesce({difference}, sign(strlen({left.sql}) - strlen({right.sql}))) AS INTEGER)", T.INT32)


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
    raise physical_error(f"Fail to resolve expression: if() of {yes.type} is not supported, use CASE WHEN")


def _cast_to(type_: str) -> Builder:
    return lambda name, value: cast(value, type_)


def _date_format(name: str, value: Typed, pattern: Typed) -> Typed:
    _expect(name, value, (T.TIMESTAMP, T.DATE))
    _expect(name, pattern, (T.STRING,))
    return Typed(f"strftime({local(value)}, {pattern.sql})", T.STRING)


def _datediff(name: str, end: Typed, start: Typed) -> Typed:
    """In days; the engine adds its zone to a text's time of day once too often, so the next day begins at 16:00."""
    dates = []
    for value in (end, start):
        _expect(name, value, (T.DATE, T.STRING))
        if value.type == T.STRING:
            value = Typed(f"({cast(value, T.TIMESTAMP).sql} + {ENGINE_ZONE_MS})", T.TIMESTAMP)
        dates.append(cast(value, T.DATE).sql)
    return Typed(f"CAST({dates[0]} - {dates[1]} AS INTEGER)", T.INT32)


_LOWER, _UPPER = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _letters(old: str, new: str) -> str:
    """Letters beyond ASCII stay as they are."""
    return f"translate({{0}}, '{old}', '{new}')"


_ANY_TIME = (T.TIMESTAMP, T.INT64, T.DATE)
_CLOCK = (T.TIMESTAMP, T.INT64)

FUNCTIONS: dict[str, Function] = {
    "year": Function(1, 1, _date_part("year({0})", _ANY_TIME)),
    "month": Function(1, 1, _date_part("month({0})", _ANY_TIME)),
    "day": Function(1, 1, _date_part("day({0})", _ANY_TIME)),
    "dayofweek": Function(1, 1, _date_part("dayofweek({0}) + 1", _ANY_TIME)),
    "dayofyear": Function(1, 1, _day_of_year),
    "weekofyear": Function(1, 1, _date_part("weekofyear({0})", _ANY_TIME)),
    "hour": Function(1, 1, _clock_part(3_600_000, 24, ENGINE_ZONE_MS)),
    "minute": Function(1, 1, _clock_part(60_000, 60)),
    "second": Function(1, 1, _clock_part(1000, 60)),
    "date_format": Function(2, 2, _date_format),
    "datediff": Function(2, 2, _datediff),
    "abs": Function(1, 1, _abs),
    "ceil": Function(1, 1, _to_whole("ceil({0})", T.INT64)),
    "floor": Function(1, 1, _to_whole("floor({0})", T.INT64)),
    "round": Function(1, 2, _round),
    "truncate": Function(1, 1, _to_whole("trunc({0})")),
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
    "upper": Function(1, 1, _text(_letters(_LOWER, _UPPER))),
    "lower": Function(1, 1, _text(_letters(_UPPER, _LOWER))),
    "char_length": Function(1, 1, _text("strlen({0})", T.INT32)),
    "replace": Function(2, 3, lambda name, *values: _text(
        "replace({0}, {1}, {2})" if len(values) == 3 else "replace({0}, {1}, '')")(name, *values)),
    "reverse": Function(1, 1, _reverse),
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
