"""Writes query results to files: the offline directory of part files, and the online single file."""

from __future__ import annotations

import datetime as dt
import struct
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import sqltypes as T
from .errors import command_error
from .files import Places, analysis_failure, local_path, requirement_failure
from .loader import LoadOptions, parse_options
from .zone import Zone

# small enough that a demo's result comes in more than one part, as it does from a real cluster
PART_ROWS = 5000


@dataclass
class ExportOptions(LoadOptions):
    """The OPTIONS of SELECT INTO; unlike reading, nothing is quoted unless asked for."""

    quote: str = ""
    coalesce: int = 0


def export_options(options: dict[str, Any]) -> ExportOptions:
    """Checked options; only CSV is written."""
    parsed = parse_options(options, ExportOptions())
    if parsed.format != "csv":
        raise requirement_failure(f"requirement failed: unsupported output format {parsed.format} in the sandbox")
    return parsed


def write_directory(
    uri: str, names: Sequence[str], types: Sequence[str], rows: Sequence[tuple], options: ExportOptions, zone: Zone,
    places: Places,
) -> str:
    """The offline form.  Returns what the job prints."""
    if not rows or not names:
        return "select empty, skip save"
    target = places.real(Path(local_path(uri)))
    if target.exists():
        if options.mode == "error_if_exists" or not target.is_dir():
            raise analysis_failure(f"path file:{target} already exists.")
        if options.mode == "overwrite":
            _remove_output(target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        run = uuid.uuid4()
        lines = [_line([_cell(name) for name in names], options)] if options.header else []
        format_row = _row_formatter(types, options, zone)
        size = len(rows) if options.coalesce == 1 else max(PART_ROWS, -(-len(rows) // 8))
        for part, start in enumerate(range(0, len(rows), size)):
            body = [format_row(row) for row in rows[start:start + size]]
            name = f"part-{part:05}-{run}-c000.csv"
            (target / name).write_text("".join(lines + body), encoding="utf-8", newline="")
        (target / "_SUCCESS").touch()
    except OSError as error:
        raise analysis_failure(f"cannot write file:{target}: {error.strerror}") from None
    return f"saved {len(rows)} rows to file:{target}"


def _remove_output(target: Path) -> None:
    """Removes a former output.  Files of other kinds stay: the path may be a mistake."""
    for child in target.iterdir():
        if child.is_file() and child.name.startswith(("part-", ".part-", "_SUCCESS", "._SUCCESS")):
            child.unlink()


def write_file(
    uri: str, names: Sequence[str], types: Sequence[str], rows: Sequence[tuple], options: ExportOptions, zone: Zone,
    places: Places,
) -> None:
    """The online form: one file, timestamps as numbers."""
    target = places.real(Path(local_path(uri)))
    if target.exists() and options.mode == "error_if_exists":
        raise command_error(f"SELECT INTO failed: file {target} already exists")
    plain = [T.INT64 if type_ == T.TIMESTAMP else type_ for type_ in types]
    format_row = _row_formatter(plain, options, zone)
    appending = options.mode == "append" and target.exists()
    try:
        with target.open("a" if appending else "w", encoding="utf-8", newline="") as out:
            if options.header and not appending:
                out.write(_line([_cell(name) for name in names], options))
            out.writelines(format_row(row) for row in rows)
    except OSError as error:
        raise command_error(f"SELECT INTO failed: cannot write {target}: {error.strerror}") from None


def _row_formatter(types: Sequence[str], options: ExportOptions, zone: Zone) -> Callable[[tuple], str]:
    formats: dict[str, Callable[[Any], str]] = {
        T.TIMESTAMP: zone.format,
        T.DOUBLE: java_double,
        T.FLOAT: java_float,
        T.BOOL: lambda value: "true" if value else "false",
    }
    cells = [formats.get(type_, _cell) for type_ in types]

    def format_row(row: tuple) -> str:
        return _line(
            [options.null_value if v is None else cell(v) for cell, v in zip(cells, row)], options
        )

    return format_row


def _cell(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _line(cells: list[str], options: ExportOptions) -> str:
    if options.quote:
        cells = [_quoted(cell, options) for cell in cells]
    return options.delimiter.join(cells) + "\n"


def _quoted(cell: str, options: ExportOptions) -> str:
    if any(mark in cell for mark in (options.delimiter, options.quote, "\n", "\r")):
        return options.quote + cell.replace(options.quote, "\\" + options.quote) + options.quote
    return cell


def java_double(value: float) -> str:
    """Double.toString: plain from 1e-3 up to 1e7, scientific outside, always with a fraction."""
    return _java_real(value, repr(value))


def java_float(value: float) -> str:
    """Float.toString: the shortest digits that give the same 32-bit number."""
    if value != value or value in (float("inf"), float("-inf")):
        return java_double(value)
    packed = struct.pack("f", value)
    shortest = next(t for p in range(1, 10) if struct.pack("f", float(t := f"{value:.{p}g}")) == packed)
    return _java_real(value, shortest)


def _java_real(value: float, digits: str) -> str:
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    sign, mantissa, exponent = _decompose(digits)
    if not mantissa.strip("0"):
        return f"{sign}0.0"
    if -3 <= exponent < 7:
        if exponent < 0:
            return f"{sign}0.{'0' * (-exponent - 1)}{mantissa}"
        padded = mantissa.ljust(exponent + 1, "0")
        return f"{sign}{padded[:exponent + 1]}.{padded[exponent + 1:] or '0'}"
    return f"{sign}{mantissa[0]}.{mantissa[1:] or '0'}E{exponent}"


def _decompose(digits: str) -> tuple[str, str, int]:
    """Sign, significant digits and the decimal exponent of the first of them."""
    sign = "-" if digits.startswith("-") else ""
    number, _, exponent = digits.lstrip("-").partition("e")
    whole, _, fraction = number.partition(".")
    joined = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(joined)
    return sign, joined.rstrip("0") or "0", int(exponent or 0) + len(whole) - 1 - leading
