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
    """Reduces a wider integer to the range of `type_`, as two's complement arithmetic does."""
    bits = T.BITS[type_]
    wide = "HUGEINT" if type_ == T.INT64 else "BIGINT"
    half, mask = 1 << (bits - 1), (1 << bits) - 1
    return f"CAST(((CAST({sql} AS {wide}) + {half}) & {mask}) - {half} AS {T.DUCKDB[type_]})"


def wrap_sum(sql: str, type_: str) -> str:
    """`wrap` for a HUGEINT sum of any integer type."""
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
    return Typed(f"CAST({value.sql} AS VARCHAR)", T.STRING)


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


def cast(value: Typed, type_: str) -> Typed:
    """CAST and the type-named functions.  Text that does not parse becomes NULL."""
    target = T.DUCKDB[type_]
    if value.type in (type_, T.NULL):
        return coerce(value, type_)
    if type_ == T.STRING:
        return to_string(value)
    if value.type == T.STRING:
        return Typed(_parse_text(value.sql, type_), type_)
    if type_ == T.DATE and value.type in (T.TIMESTAMP, T.INT64):
        return Typed(f"CAST({local(value)} AS DATE)", type_)
    if type_ == T.TIMESTAMP and value.type == T.DATE:
        return Typed(f"(epoch_ms({value.sql}) - {ENGINE_ZONE_MS})", type_)
    if T.DATE in (type_, value.type):
        raise physical_error(f"Un-support cast: {value.type} to {type_}")
    source = T.INT64 if value.type == T.TIMESTAMP else value.type
    if type_ in T.INTEGERS and source in T.INTEGERS:
        return Typed(wrap(value.sql, type_), type_)
    if source in (T.FLOAT, T.DOUBLE) and target in ("SMALLINT", "INTEGER", "BIGINT"):
        return Typed(f"TRY_CAST(trunc({value.sql}) AS {target})", type_)
    return Typed(f"TRY_CAST({value.sql} AS {target})", type_)


def _parse_text(sql: str, type_: str) -> str:
    """Strict parsing: DuckDB alone would round '1.5' to an int and accept loose dates."""
    if type_ == T.TIMESTAMP:
        formats = "['%Y-%m-%d %H:%M:%S', '%Y-%m-%d %H:%M:%S.%g', '%Y-%m-%dT%H:%M:%S', '%Y-%m-%d']"
        return f"(epoch_ms(try_strptime({sql}, {formats})) - {ENGINE_ZONE_MS})"
    if type_ == T.DATE:
        return f"CAST(try_strptime({sql}, ['%Y-%m-%d', '%Y-%m-%d %H:%M:%S', '%Y%m%d']) AS DATE)"
    parsed = f"TRY_CAST({sql} AS {T.DUCKDB[type_]})"
    if type_ in T.INTEGERS:
        return f"CASE WHEN regexp_full_match({sql}, '[+-]?[0-9]+') THEN {parsed} END"
    return parsed
