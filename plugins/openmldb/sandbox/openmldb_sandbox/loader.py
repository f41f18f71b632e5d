"""Reads input files the way the engine's batch jobs do.

Columns are taken by position and header names are not looked at.  A cell that does not parse as
its column's type becomes NULL without a word, and so do missing trailing cells, empty cells without
quotes and the null value; only what looks like a date and is none ends the job.  Whether a timestamp column holds numbers or text is decided by its first cell.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from . import csv_reader
from . import sqltypes as T
from .file_options import LoadOptions
from .files import JobFailure, Places, requirement_failure
from .values import quote, quoted_name
from .zone import Zone

Convert = Callable[[str], Any]

_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ].*)?)?)?", re.ASCII)
_LIKE_DATE = re.compile(r"\s*\d+-\d+-\d+", re.ASCII)
_REAL = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?)[fFdD]?|([+-]?(?:NaN|Infinity|Inf))", re.ASCII
)


class Loader:
    """Turns files into a DuckDB relation with columns c0 .. cn and `seq`."""

    def __init__(self, zone: Zone, scratch: Path, places: Places) -> None:
        self._zone = zone
        self._places = places
        self._scratch = scratch

    def relation(self, uri: str, types: list[str], options: LoadOptions) -> tuple[str, Path | None]:
        """A relation over the files and the scratch file behind it, which the caller removes."""
        files = self._places.input_files(uri)
        if options.format == "parquet":
            return _parquet(files, types), None
        with tempfile.NamedTemporaryFile(
            "w", dir=self._scratch, suffix=".csv", delete=False, newline="", encoding="utf-8"
        ) as out:
            scratch = Path(out.name)
            try:
                _write_clean(self._rows(files, types, options), out)
            except JobFailure:
                scratch.unlink()
                raise
            except (UnicodeDecodeError, OSError) as error:
                scratch.unlink()
                raise JobFailure("org.apache.spark.SparkException", f"Job aborted: {error}") from None
        columns = {f"c{i}": T.DUCKDB[type_] for i, type_ in enumerate(types)} | {"seq": "BIGINT"}
        described = ", ".join(f"{quote(name)}: {quote(type_)}" for name, type_ in columns.items())
        sql = (
            f"SELECT * FROM read_csv({quote(str(scratch))}, columns={{{described}}}, header=false, "
            "delim=',', quote='\"', escape='\"', nullstr='', allow_quoted_nulls=false, auto_detect=false, max_line_size=33554432)"
        )
        return sql, scratch

    def _parse_ms(self, text: str) -> int | None:
        return self._zone.parse_ms(text.strip())

    def _rows(self, files: list[Path], types: list[str], options: LoadOptions) -> Iterator[list[Any]]:
        records = (record for file in files for record in csv_reader.records(file, options))
        cells = ([_cell(record, i, options) for i in range(len(types))] for record in records)
        # the converter of a timestamp column is chosen at its first cell that is not null
        converters: list[Convert | None] = [None if t == T.TIMESTAMP else _CONVERTERS[t] for t in types]
        for seq, row in enumerate(cells):
            values: list[Any] = []
            for i, text in enumerate(row):
                if text is not None and converters[i] is None:
                    converters[i] = _integer(64) if _INTEGER.fullmatch(text) else self._parse_ms
                values.append(None if text is None else converters[i](text))
            values.append(seq)
            yield values


def _cell(record: list[str | None], i: int, options: LoadOptions) -> str | None:
    text = record[i] if i < len(record) else None
    return None if text == options.null_value else text


def _write_clean(rows: Iterator[list[Any]], out: Any) -> None:
    """CSV without ambiguity for DuckDB: what is there is quoted, and NULL is not."""
    for row in rows:
        cells = ("" if value is None else '"' + str(value).replace('"', '""') + '"' for value in row)
        out.write(",".join(cells) + "\n")


def _integer(bits: int) -> Convert:
    limit = 1 << (bits - 1)

    def convert(text: str) -> int | None:
        if not _INTEGER.fullmatch(text):
            return None
        value = int(text)
        return value if -limit <= value < limit else None

    return convert


def _real(type_: str) -> Convert:
    def convert(text: str) -> float | None:
        match = _REAL.fullmatch(text.strip())
        return T.to_float(float(match[1] or match[2]), type_) if match else None

    return convert


def _bool(text: str) -> str | None:
    return text.lower() if text.lower() in ("true", "false") else None


def _date(text: str) -> str | None:
    """`yyyy[-M[-d]]`; what comes behind a day does not count.  What looks like a day and is none ends the job, as it does Spark's."""
    match = _DATE.fullmatch(text.strip())
    try:
        if match:
            return str(dt.date(int(match[1]), int(match[2] or 1), int(match[3] or 1)))
    except ValueError:
        pass
    if _LIKE_DATE.match(text):
        raise JobFailure(
            "org.apache.spark.SparkException", "Job aborted due to stage failure: org.apache.spark.SparkUpgradeException: You may get a "
            f"different result due to the upgrading of Spark 3.0: Fail to parse '{text}' in the new parser.")
    return None


_CONVERTERS: dict[str, Convert] = {
    T.BOOL: _bool,
    T.INT16: _integer(16),
    T.INT32: _integer(32),
    T.INT64: _integer(64),
    T.FLOAT: _real(T.FLOAT),
    T.DOUBLE: _real(T.DOUBLE),
    T.STRING: str,
    T.DATE: _date,
}


def _parquet(files: list[Path], types: list[str]) -> str:
    """Parquet columns by position, cast to the table's types; values that do not fit become NULL."""
    listed = "[" + ", ".join(quote(str(file)) for file in files) + "]"
    source = f"read_parquet({listed})"
    try:
        described = duckdb.connect().execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    except duckdb.Error as error:
        raise JobFailure("org.apache.spark.SparkException", f"Job aborted: {error}") from None
    if len(described) < len(types):
        raise requirement_failure(
            f"requirement failed: table has {len(types)} columns but the file has {len(described)}"
        )
    selected = []
    for i, (type_, (name, stored, *_)) in enumerate(zip(types, described)):
        column = quoted_name(name)
        if type_ == T.TIMESTAMP and stored.startswith("TIMESTAMP"):
            column = f"epoch_ms({column})"
        selected.append(f"TRY_CAST({column} AS {T.DUCKDB[type_]}) AS c{i}")
    return f"SELECT {', '.join(selected)}, row_number() OVER () - 1 AS seq FROM {source}"
