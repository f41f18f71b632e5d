"""Typed SQL fragments: DuckDB text together with the engine type it yields.

DuckDB's own typing differs from the engine's in places that change answers (integer sums widen,
overflow raises, casts round), so every fragment carries its engine type and the builders here
bridge the difference.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

from . import sqltypes as T
from .errors import physical_error

# hour(), day(), string() and their kin always use this offset, whatever any setting says
ENGINE_ZONE_MS = 8 * 3600 * 1000


class Typed(NamedTuple):
    """A DuckDB expression and its engine type."""

    sql: str
    type: str


def quote(text: str) -> str:
    """A DuckDB string literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """A name of DuckDB's, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any, type_: str) -> Typed:
    """A constant; the cast keeps DuckDB from choosing a type of its own."""
    if value is None:
        return Typed(f"CAST(NULL AS {T.DUCKDB[type_]})", type_)
    if isinstance(value, bool):
        text = "TRUE" if value else "FALSE"
    elif isinstance(value, (str, dt.date)):
        text = quote(str(value))
    elif isinstance(value, float):
        text = quote(repr(value))
    else:
        text = str(value)
    return Typed(f"CAST({text} AS {T.DUCKDB[type_]})", type_)


def number_literal(text: str) -> Typed:
    """An unsigned numeric literal: the narrowest of int and bigint, or double."""
    if text.isdigit():
        value = int(text)
        for type_ in (T.INT32, T.INT64):
            if T.int_fits(value, type_):
                return literal(value, type_)
        raise physical_error(f"Integer literal out of range: {text}")
    try:
        return literal(float(text), T.DOUBLE)
    except ValueError:
        raise physical_error(f"Invalid numeric literal: {text}") from None


def wrap(sql: str, type_: str) -> str:
    """Reduces any integer to the range of `type_`, as two's complement arithmetic does."""
    bits = T.BITS[type_]
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    return f"CAST(((CAST({sql} AS HUGEINT) + {half}) & {mask}) - {half} AS {T.DUCKDB[type_]})"


def local(value: Typed) -> str:
    """A DuckDB TIMESTAMP (or DATE) showing the engine's fixed zone; NULL beyond the years DuckDB knows."""
    if value.type == T.DATE:
        return value.sql
    return f"TRY(make_timestamp((CAST({value.sql} AS BIGINT) + {ENGINE_ZONE_MS}) * 1000))"


def to_string(value: Typed) -> Typed:
    """string(x)."""
    if value.type == T.STRING:
        return value
    if value.type == T.TIMESTAMP:
        return Typed(f"strftime({local(value)}, '%Y-%m-%d %H:%M:%S')", T.STRING)
    if value.type in (T.FLOAT, T.DOUBLE):
        # six digits, as C++ streams print by default
        return Typed(f"format('{{:g}}', CAST({value.sql} AS DOUBLE))", T.STRING)
    return Typed(f"CAST({value.sql} AS VARCHAR)", T.STRING)


def to_float(sql: str) -> str:
    """A number as a 32-bit float; beyond its range come infinities, where DuckDB has errors."""
    wide = f"CAST({sql} AS DOUBLE)"
    beyond = f"isfinite({wide}) AND abs({wide}) > 3.4028235677973366e38"
    return f"CASE WHEN {beyond} THEN CAST(sign({wide}) * CAST('inf' AS DOUBLE) AS FLOAT) ELSE CAST({wide} AS FLOAT) END"


def common_type(left: Typed, right: Typed, what: str) -> str:
    """The type two branches or operands meet in."""
    if left.type == right.type or right.type == T.NULL:
        return left.type
    if left.type == T.NULL:
        return right.type
    if left.type in T.NUMBERS and right.type in T.NUMBERS:
        return T.NUMBERS[max(T.NUMBERS.index(left.type), T.NUMBERS.index(right.type))]
    if {left.type, right.type} <= {T.TIMESTAMP, *T.INTEGERS}:
        return T.TIMESTAMP
    raise physical_error(f"Invalid operand types for {what}: {left.type} and {right.type}")


def coerce(value: Typed, type_: str) -> Typed:
    """A value widened to a type `common_type` chose."""
    if value.type == type_:
        return value
    return Typed(f"CAST({value.sql} AS {T.DUCKDB[type_]})", type_)
