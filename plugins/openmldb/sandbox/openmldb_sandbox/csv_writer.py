"""Lines of CSV as the writers of the engine make them: Spark's, of a job, and the SDK's own, of a statement online."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Spark trims these at both ends
_SPACES = "".join(map(chr, range(33)))


class SparkCsv:
    """Spark 3.2 with the options of the engine; the escape is a backslash, and an empty text is `""`.

    What has the delimiter, the quote or an end of line in it is quoted, and so is a first cell that begins with `#`.
    Without a quote the character for it is NUL.
    """

    def __init__(self, delimiter: str, quote: str, null_value: str) -> None:
        self._delimiter = delimiter
        self._quote = quote or "\0"
        marks = {delimiter, self._quote, "\n", "\r"}
        self._needs_quotes = re.compile("|".join(map(re.escape, marks)))
        self._to_escape = re.compile("[" + re.escape(self._quote) + re.escape("\\") + "]")
        self._empty = '""' if self._quote == '"' else self._written('""', False)
        self._null = self._cell(null_value, False)
        self._first_null = self._cell(null_value, True)

    def line(self, cells: Sequence[str | None]) -> str:
        written = [self._null if cell is None else self._cell(cell, False) for cell in cells]
        if cells:
            written[0] = self._first_null if cells[0] is None else self._cell(cells[0], True)
        return self._delimiter.join(written) + "\n"

    def _cell(self, text: str, is_first: bool) -> str:
        return self._written(text, is_first) if text.strip(_SPACES) else self._empty

    def _written(self, text: str, is_first: bool) -> str:
        begun = text.lstrip(_SPACES)
        kept = begun.rstrip(_SPACES)
        # what is trimmed at the end has been seen before
        if not (is_first and text[0] == "#") and not self._needs_quotes.search(begun):
            return kept
        return self._quote + self._to_escape.sub(r"\\\g<0>", kept) + self._quote


class SdkCsv:
    """The SDK's: a quote around texts if one is given, and nothing escaped.  Lines have no end yet."""

    def __init__(self, delimiter: str, quote: str, null_value: str) -> None:
        self._delimiter = delimiter
        self._quote = quote
        self._null = null_value

    def header(self, names: Sequence[str]) -> str:
        return self._delimiter.join(names)

    def line(self, cells: Sequence[str | None], is_text: Sequence[bool]) -> str:
        return self._delimiter.join(
            self._null if cell is None else f"{self._quote}{cell}{self._quote}" if text else cell
            for cell, text in zip(cells, is_text))
