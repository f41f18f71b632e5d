"""CAST and the type-named functions, as the engine's two evaluators do them.

Compiled code truncates, wraps and prints like C++ on x86.  A batch query whose select list is nothing
but columns, constants and casts is never compiled: Spark evaluates it, and casts like Java.
"""

from __future__ import annotations

from . import sqltypes as T
from .errors import physical_error
from .values import ENGINE_ZONE_MS, Typed, coerce, local, to_float, to_string, wrap

_REALS = (T.FLOAT, T.DOUBLE)
_TRUE, _FALSE = "('t', 'true', 'y', 'yes', '1')", "('f', 'false', 'n', 'no', '0')"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}"
_MOMENT = f"{_DAY}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}"


def cast(value: Typed, type_: str) -> Typed:
    """The compiled form.  Text that does not parse becomes NULL, and so does a date cast to a number."""
    if value.type in (type_, T.NULL):
        return coerce(value, type_)
    if type_ == T.STRING:
        return to_string(value)
    if value.type == T.STRING:
        return Typed(_parse_text(value.sql, type_), type_)
    if type_ == T.DATE:
        if value.type != T.TIMESTAMP:
            raise physical_error(f"Fail to cast from {value.type} to date")
        return Typed(f"CAST({local(value)} AS DATE)", type_)
    if value.type == T.DATE:
        at_midnight = f"(epoch_ms({value.sql}) - {ENGINE_ZONE_MS})"
        return Typed(at_midnight if type_ == T.TIMESTAMP else f"CAST(NULL AS {T.DUCKDB[type_]})", type_)
    if type_ == T.TIMESTAMP:
        ms = cast(value, T.INT64).sql
        return Typed(f"CASE WHEN {ms} >= 0 THEN {ms} END", type_)
    source = Typed(value.sql, T.INT64 if value.type == T.TIMESTAMP else value.type)
    if type_ in T.INTEGERS and source.type in T.INTEGERS:
        return Typed(wrap(source.sql, type_), type_)
    if type_ in T.INTEGERS and source.type in _REALS:
        return Typed(truncated(source.sql, type_), type_)
    if type_ == T.FLOAT:
        return Typed(to_float(source.sql), type_)
    return Typed(f"CAST({source.sql} AS {T.DUCKDB[type_]})", type_)


def truncated(sql: str, type_: str) -> str:
    """A floating number as an integer: what does not fit becomes the smallest number, as on x86."""
    if type_ == T.INT16:
        return wrap(truncated(sql, T.INT32), T.INT16)
    least = -(1 << (T.BITS[type_] - 1))
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(TRY_CAST(trunc({sql}) AS {T.DUCKDB[type_]}), {least}) END"


def _parse_text(sql: str, type_: str) -> str:
    """Strict parsing: DuckDB alone would round '1.5' to an int and accept loose dates."""
    target = T.DUCKDB[type_]
    if type_ in (T.DATE, T.TIMESTAMP):
        formats = "['%Y-%m-%d %H:%M:%S', '%Y-%m-%d', '%Y%m%d']"
        moment = (
            f"CASE WHEN regexp_full_match({sql}, '{_MOMENT}') AND {sql} >= '1900' "
            f"THEN try_strptime({sql}, {formats}) END"
        )
        return f"CAST({moment} AS DATE)" if type_ == T.DATE else f"(epoch_ms({moment}) - {ENGINE_ZONE_MS})"
    trimmed = f"lower(trim({sql}))"
    if type_ == T.BOOL:
        return f"CASE WHEN {trimmed} IN {_TRUE} THEN TRUE WHEN {trimmed} IN {_FALSE} THEN FALSE END"
    if type_ in T.INTEGERS:
        return f"CASE WHEN regexp_full_match({trimmed}, '[+-]?[0-9]+') THEN TRY_CAST({trimmed} AS {target}) END"
    parsed = f"TRY_CAST({trimmed} AS DOUBLE)"
    return to_float(parsed) if type_ == T.FLOAT else parsed


def spark_cast(value: Typed, type_: str) -> Typed:
    """Spark's form, where it differs from the compiled one."""
    if type_ == T.STRING and value.type == T.TIMESTAMP:
        ms = _milliseconds(value.sql)
        fraction = f"CASE WHEN {ms} > 0 THEN '.' || rtrim(lpad(CAST({ms} AS VARCHAR), 3, '0'), '0') ELSE '' END"
        return Typed(f"({to_string(value).sql} || {fraction})", type_)
    if type_ == T.STRING and value.type in _REALS:
        return Typed(_java_text(value.sql), type_)
    if type_ in T.INTEGERS and value.type == T.TIMESTAMP:
        return Typed(wrap(f"({value.sql} - {_milliseconds(value.sql)})", type_), type_)
    if type_ in T.INTEGERS and value.type in _REALS:
        return Typed(_saturated(value.sql, type_), type_)
    if type_ in T.INTEGERS and value.type == T.STRING:
        real = f"TRY_CAST(trunc(TRY_CAST(trim({value.sql}) AS DOUBLE)) AS {T.DUCKDB[type_]})"
        return Typed(f"coalesce({cast(value, type_).sql}, {real})", type_)
    if type_ == T.DATE and value.type == T.STRING:
        day = f"CAST(try_strptime({value.sql}, '%Y-%m-%d') AS DATE)"
        whole = f"regexp_full_match({value.sql}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') AND {day} IS NOT NULL"
        failure = "error('Fail to parse a text as a date in the new parser of Spark 3.0')"
        started = f"regexp_matches({value.sql}, '^[0-9]+-[0-9]+-[0-9]+')"
        return Typed(f"CASE WHEN {whole} THEN {day} WHEN {started} THEN {failure} END", type_)
    return cast(value, type_)


def _milliseconds(sql: str) -> str:
    """Those behind the second, before 1970, too."""
    return f"((({sql}) % 1000 + 1000) % 1000)"


def _saturated(sql: str, type_: str) -> str:
    if type_ == T.INT16:
        return wrap(_saturated(sql, T.INT32), T.INT16)
    least = -(1 << (T.BITS[type_] - 1))
    over = f"CASE WHEN isnan({sql}) THEN 0 WHEN {sql} < 0 THEN {least} ELSE {-least - 1} END"
    return f"CASE WHEN {sql} IS NOT NULL THEN coalesce(TRY_CAST(trunc({sql}) AS {T.DUCKDB[type_]}), {over}) END"


def _java_text(sql: str) -> str:
    """Double.toString: scientific below 1e-3 and from 1e7 on.  DuckDB's text has the digits, at other places."""
    text = f"CAST(abs({sql}) AS VARCHAR)"
    mantissa = f"replace(split_part({text}, 'e', 1), '.', '')"
    digits = f"rtrim(ltrim({mantissa}, '0'), '0')"
    # where the point stands, the leading zeros behind it, and the exponent that may be written already
    whole = f"strlen(split_part(split_part({text}, 'e', 1), '.', 1))"
    zeros = f"(strlen({mantissa}) - strlen(ltrim({mantissa}, '0')))"
    written = f"coalesce(TRY_CAST(nullif(split_part({text}, 'e', 2), '') AS INTEGER), 0)"
    scientific = (
        f"left({digits}, 1) || '.' || coalesce(nullif(substr({digits}, 2), ''), '0') || 'E' || "
        f"CAST({whole} - 1 - {zeros} + {written} AS VARCHAR)"
    )
    sign = f"CASE WHEN {sql} < 0 THEN '-' ELSE '' END"
    return (
        f"CASE WHEN isnan({sql}) THEN 'NaN' WHEN isinf({sql}) THEN {sign} || 'Infinity' "
        f"WHEN {sql} = 0 OR (abs({sql}) >= 0.001 AND abs({sql}) < 1e7) THEN CAST({sql} AS VARCHAR) "
        f"ELSE {sign} || {scientific} END"
    )
