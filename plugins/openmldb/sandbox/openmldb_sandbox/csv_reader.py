"""Records of CSV as Spark 3.2 reads them with the options of the engine: a line each, with a backslash as the escape inside quotes.

A quote counts at the beginning of a cell alone, and ends it before a delimiter alone: otherwise the cell is what stands there, its
quotes among it, up to the next delimiter; `"a""b"` is such a cell, and `"a""` is `a"`. What no quote ends ends with its line. Blanks stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .file_options import FileOptions


def records(file: Path, options: FileOptions) -> Iterator[list[str | None]]:
    """The records of a file without its header; a cell with nothing in it is None, one with `""` is an empty text."""
    is_header = options.header
    # no end of line is part of a cell; blank lines do not count
    with file.open(encoding="utf-8-sig") as lines:
        for line in lines:
            line = line.removesuffix("\n")
            if not line.strip():
                continue
            if is_header:
                is_header = False
                continue
            yield cells(line, options.delimiter, options.quote)


def cells(line: str, delimiter: str, quote: str) -> list[str | None]:
    """The cells of one line."""
    if not quote or quote not in line:
        return [cell or None for cell in line.split(delimiter)]
    found: list[str | None] = []
    at = 0
    while True:
        if line.startswith(quote, at):
            cell, at = _quoted(line, at, delimiter, quote)
        else:
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            cell, at = line[at:end] or None, end
        found.append(cell)
        if at >= len(line):
            return found
        at += len(delimiter)


def _quoted(line: str, start: int, delimiter: str, quote: str) -> tuple[str, int]:
    """The cell whose quote is at `start`, and the place behind it."""
    text: list[str] = []
    at = start + 1
    while at < len(line):
        mark, following = line[at], line[at + 1:at + 2]
        if mark == "\\" != quote and following in ("\\", quote) and following:
            text.append(following)
            at += 2
        elif mark == quote == following:  # one of them is text, if the cell ends behind the other
            text.append(quote)
            at += 1
        elif mark == quote:
            end = _behind_blanks(line, at + 1, delimiter)
            if end == len(line) or line.startswith(delimiter, end):
                return "".join(text), end
            end = line.find(delimiter, at)
            end = len(line) if end < 0 else end
            return line[start:end], end
        else:
            text.append(mark)
            at += 1
    return "".join(text), at


def _behind_blanks(line: str, at: int, delimiter: str) -> int:
    while at < len(line) and line[at] <= " " and not line.startswith(delimiter, at):
        at += 1
    return at
