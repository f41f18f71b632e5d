"""Writes query results to files: the offline directory of part files, and the online single file."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb

from . import sqltypes as T
from .csv_writer import SdkCsv, SparkCsv
from .errors import command_error
from .file_options import ExportOptions
from .files import Places, analysis_failure, local_path, requirement_failure
from .java_numbers import java_double, java_float
from .query import Plan
from .values import quote, quoted_name
from .zone import Zone

# small enough that a demo's result comes in more than one part, as it does from a real cluster
PART_ROWS = 5000
# how the names of parts end, as Spark has them
_ENDINGS = {"csv": "c000.csv", "parquet": "c000.snappy.parquet"}
_NO_PARQUET_NAME = " ,;{}()\n\t="

Format = Callable[[Any], str]


class Exporter:
    """Writes where `places` allow it, times of text in `zone`."""

    def __init__(self, zone: Zone, places: Places) -> None:
        self._zone = zone
        self._places = places

    def write_directory(
        self, uri: str, plan: Plan, connection: duckdb.DuckDBPyConnection, options: ExportOptions
    ) -> str:
        """The offline form: runs the plan into part files.  Returns what the job prints."""
        target = self._target(uri, options)
        _check_names(target, plan.names, options.format)
        try:
            if options.mode == "overwrite":
                _remove_output(target)
            target.mkdir(parents=True, exist_ok=True)
            parts = _Parts(target, options.format)
            write = _write_parquet if options.format == "parquet" else self._write_csv
            count = write(parts, plan, connection, options)
            (target / "_SUCCESS").touch()
        except OSError as error:
            raise analysis_failure(f"cannot write file:{target}: {error.strerror}") from None
        return f"saved {count} rows to file:{target}"

    def _target(self, uri: str, options: ExportOptions) -> Path:
        if not uri:
            raise requirement_failure("requirement failed")
        target = self._places.real(Path(local_path(uri)))
        if target.exists() and (options.mode == "error_if_exists" or not target.is_dir()):
            raise analysis_failure(f"path file:{target} already exists.")
        return target

    def _write_csv(
        self, parts: _Parts, plan: Plan, connection: duckdb.DuckDBPyConnection, options: ExportOptions
    ) -> int:
        rows = connection.execute(plan.ordered).fetchall()
        csv = SparkCsv(options.delimiter, options.quote, options.null_value)
        header = [csv.line(plan.names)] if options.header else []
        formats = [_SPARK_FORMATS.get(type_, str) if type_ != T.TIMESTAMP else self._zone.format for type_ in plan.types]
        size = max(PART_ROWS, -(-len(rows) // 8))
        if options.coalesce > 0:
            size = max(size, -(-len(rows) // options.coalesce))
        for start in range(0, max(len(rows), 1), size):  # of no rows, too, there is one part
            body = [csv.line(_texts(row, formats)) for row in rows[start:start + size]]
            parts.next().write_text("".join(header + body), encoding="utf-8", newline="")
        return len(rows)

    def write_file(
        self, uri: str, names: Sequence[str], types: Sequence[str], rows: Sequence[tuple], options: ExportOptions
    ) -> None:
        """The online form: one file, timestamps as numbers, no end of the last line; what is appended has a header, too."""
        target = self._places.real(Path(local_path(uri)))
        if target.exists() and options.mode == "error_if_exists":
            raise command_error(f"SELECT INTO failed: file {target} already exists")
        csv = SdkCsv(options.delimiter, options.quote, options.null_value)
        formats = [_SDK_FORMATS.get(type_, str) for type_ in types]
        is_text = [type_ == T.STRING for type_ in types]
        lines = [csv.line(_texts(row, formats), is_text) for row in rows]
        try:
            with target.open("a" if options.mode == "append" else "w", encoding="utf-8", newline="") as out:
                if options.mode == "append":
                    out.write("\n")
                if options.header:
                    out.write(csv.header(names) + "\n")
                out.write("\n".join(lines))
        except OSError as error:
            raise command_error(f"SELECT INTO failed: cannot write {target}: {error.strerror}") from None


class _Parts:
    """The names of one job's files."""

    def __init__(self, target: Path, format_: str) -> None:
        self._target = target
        self._ending = f"{uuid.uuid4()}-{_ENDINGS[format_]}"
        self._count = 0

    def next(self) -> Path:
        self._count += 1
        return self._target / f"part-{self._count - 1:05}-{self._ending}"


def _write_parquet(parts: _Parts, plan: Plan, connection: duckdb.DuckDBPyConnection, options: ExportOptions) -> int:
    columns = ", ".join(
        f"{_parquet_value(i, type_)} AS {quoted_name(name)}" for i, (name, type_) in enumerate(zip(plan.names, plan.types)))
    sql = f"COPY (SELECT {columns} FROM ({plan.ordered})) TO {quote(str(parts.next()))} (FORMAT parquet, COMPRESSION snappy)"
    return connection.execute(sql).fetchone()[0]


def _parquet_value(position: int, type_: str) -> str:
    return f"make_timestamp(y{position} * 1000)" if type_ == T.TIMESTAMP else f"CAST(y{position} AS {T.DUCKDB[type_]})"


def _check_names(target: Path, names: Sequence[str], format_: str) -> None:
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None:
        raise analysis_failure(f"Found duplicate column(s) when inserting into file:{target}: `{twice}`")
    wrong = next((name for name in names if any(mark in name for mark in _NO_PARQUET_NAME)), None)
    if format_ == "parquet" and wrong is not None:
        raise analysis_failure(
            f'Column name "{wrong}" contains invalid character(s). Please use alias to rename it.')


def _remove_output(target: Path) -> None:
    """Removes a former output.  Files of other kinds stay: the path may be a mistake."""
    for child in target.iterdir() if target.is_dir() else ():
        if child.is_file() and child.name.startswith(("part-", ".part-", "_SUCCESS", "._SUCCESS")):
            child.unlink()


def _texts(row: tuple, formats: Sequence[Format]) -> list[str | None]:
    return [None if value is None else format_(value) for value, format_ in zip(row, formats)]


def _bool(value: bool) -> str:
    return "true" if value else "false"


_SPARK_FORMATS: dict[str, Format] = {T.DOUBLE: java_double, T.FLOAT: java_float, T.BOOL: _bool}
_SDK_FORMATS: dict[str, Format] = {T.DOUBLE: "{:f}".format, T.FLOAT: "{:f}".format, T.BOOL: _bool}
