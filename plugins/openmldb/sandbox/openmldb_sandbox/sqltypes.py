"""The engine's column types, and how each is held in DuckDB and spoken on the wire.

A timestamp is kept as a BIGINT of epoch milliseconds.  That makes range frames plain integer
arithmetic, keeps the wire form free of conversions, and leaves no doubt about zones: a zone only
ever matters where text is read or written.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

BOOL, INT16, INT32, INT64 = "bool", "int16", "int32", "int64"
FLOAT, DOUBLE, STRING, DATE, TIMESTAMP = "float", "double", "string", "date", "timestamp"
NULL = "null"

INTEGERS = (INT16, INT32, INT64)
NUMBERS = (*INTEGERS, FLOAT, DOUBLE)
BITS = {INT16: 16, INT32: 32, INT64: 64}

_SPELLINGS = {
    "bool": BOOL, "boolean": BOOL,
    "smallint": INT16, "int16": INT16,
    "int": INT32, "integer": INT32, "int32": INT32,
    "bigint": INT64, "int64": INT64,
    "float": FLOAT, "double": DOUBLE,
    "string": STRING, "varchar": STRING,
    "date": DATE, "timestamp": TIMESTAMP,
}

DUCKDB = {
    BOOL: "BOOLEAN", INT16: "SMALLINT", INT32: "INTEGER", INT64: "BIGINT",
    FLOAT: "FLOAT", DOUBLE: "DOUBLE", STRING: "VARCHAR", DATE: "DATE",
    TIMESTAMP: "BIGINT", NULL: "INTEGER",
}

CAPITALISED = {
    BOOL: "Bool", INT16: "Int16", INT32: "Int32", INT64: "Int64", FLOAT: "Float",
    DOUBLE: "Double", STRING: "String", DATE: "Date", TIMESTAMP: "Timestamp", NULL: "Unknown",
}

PROTO = {
    BOOL: "kBool", INT16: "kSmallInt", INT32: "kInt", INT64: "kBigInt", FLOAT: "kFloat",
    DOUBLE: "kDouble", STRING: "kString", DATE: "kDate", TIMESTAMP: "kTimestamp",
}

_DATE = re.compile(r"(\d{1,4})-(\d{1,2})-(\d{1,2})", re.ASCII)


def parse_type(spelling: str) -> str | None:
    """The type a user's spelling names, or None."""
    return _SPELLINGS.get(spelling.lower())


def int_fits(value: int, type_: str) -> bool:
    """Whether an integer is inside the range of an integer type."""
    bits = BITS[type_]
    return -(1 << (bits - 1)) <= value < (1 << (bits - 1))


def from_json(value: Any, type_: str) -> Any:
    """A JSON value as a value of a column type; raises ValueError where the engine is strict.

    Integers must be JSON integers (a smallint is range-checked as an int first, then as itself),
    floating columns take integers too, and strings are never converted to numbers.
    """
    if value is None:
        return None
    if type_ == BOOL and isinstance(value, bool):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if type_ in INTEGERS and int_fits(value, type_):
            return value
        if type_ == TIMESTAMP and int_fits(value, INT64):
            return value
        if type_ in (FLOAT, DOUBLE):
            return to_float(float(value), type_)
    if isinstance(value, float) and type_ in (FLOAT, DOUBLE):
        return to_float(value, type_)
    if isinstance(value, str):
        if type_ == STRING:
            return value
        if type_ == DATE:
            return parse_date(value)
    raise ValueError(f"{value!r} is not a {type_}")


def default_text(value: Any, type_: str) -> str:
    """A column's default as the nameserver keeps it: 1 for true, a date as one number of its parts, floats with six decimals."""
    if type_ == BOOL:
        return str(int(value))
    if type_ == DATE:
        day = parse_date(value)
        return str((day.year - 1900 << 16) | (day.month - 1 << 8) | day.day)
    return f"{value:f}" if type_ in (FLOAT, DOUBLE) else str(value)


def default_from_text(text: str, type_: str) -> Any:
    """The default behind such a text; ValueError for one that is none."""
    if type_ == BOOL:
        return bool(int(text))
    if type_ == DATE:
        number = int(text)
        return str(dt.date((number >> 16) + 1900, (number >> 8 & 0xFF) + 1, number & 0xFF))
    if type_ in (FLOAT, DOUBLE):
        return to_float(float(text), type_)
    return text if type_ == STRING else int(text)


def to_float(value: float, type_: str) -> float:
    """A double as it is after storage in the column: a float overflows to infinity."""
    if type_ == FLOAT and value == value and abs(value) > 3.4028235677973366e38:
        return float("inf") if value > 0 else float("-inf")
    return value


def parse_date(text: str) -> dt.date:
    """`Y-M-D`, with or without zero padding; ValueError for anything else."""
    match = _DATE.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a date")
    return dt.date(*(int(part) for part in match.groups()))


def to_json(value: Any, null_for_nan: bool = False) -> Any:
    """A value as the REST answer carries it: dates are written without zero padding."""
    if isinstance(value, dt.date):
        return f"{value.year}-{value.month}-{value.day}"
    if null_for_nan and isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
