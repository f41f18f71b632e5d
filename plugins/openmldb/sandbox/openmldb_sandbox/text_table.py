"""Result tables as text, for the answers that are one cell of formatted text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any


def render(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Columns padded by blanks, a rule above, between header and rows, and below; then a count."""
    table = [[_shown(cell) for cell in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(names, *table)]
    rule = "".join(f" {'-' * (width + 2)}" for width in widths) + " \n"
    lines = [rule, _line(names, widths), rule]
    lines += [_line(row, widths) for row in table]
    return "".join(lines) + (rule if table else "") + f"\n{len(table)} rows in set\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell.ljust(width)} " for cell, width in zip(cells, widths)) + " \n"


def _shown(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, dt.date) else str(value)
