"""Windows computed the slow way: row by row, with lists, after the engine's description.

Shares nothing with the sandbox.  A frame is a dictionary: kind, start and end as (offset, open)
with offset None for UNBOUNDED, and the flags maxsize, exclude_row and exclude_time.
"""

from __future__ import annotations

from typing import Any


class Row:
    def __init__(self, arrival: int, key: Any, ts: int | None, value: Any) -> None:
        self.arrival = arrival
        self.key = key
        self.ts = ts or 0
        self.place = (self.ts, ts is not None, arrival)  # without a time: first of those at time 0
        self.value = value


def before(rows: list[Row], row: Row) -> list[Row]:
    """The rows of its partition that `row` comes after, oldest first."""
    mine = [other for other in rows if other.key == row.key]
    return sorted((o for o in mine if o.place < row.place), key=lambda o: o.place)


def in_frame(rows: list[Row], row: Row, frame: dict[str, Any]) -> list[Row]:
    candidates = before(rows, row)
    if frame.get("exclude_time"):
        candidates = [other for other in candidates if other.ts < row.ts]
    candidates.append(row)
    (start, start_open), (end, end_open) = frame["start"], frame["end"]
    chosen = []
    for place, other in enumerate(candidates):
        if frame["kind"] == "ROWS":
            distance = len(candidates) - 1 - place
        else:
            distance = row.ts - other.ts
        after_start = start is None or (distance < start if start_open else distance <= start)
        before_end = distance > end if end_open else distance >= end
        if after_start and before_end:
            chosen.append(other)
    if frame.get("exclude_row"):
        chosen = [other for other in chosen if other is not row]
    size = frame.get("maxsize")
    return chosen if size is None else chosen[max(len(chosen) - size, 0):]


def wrapped(total: int | None, bits: int) -> int | None:
    if total is None:
        return None
    half = 1 << (bits - 1)
    return (total + half) % (1 << bits) - half


def aggregates(rows: list[Row], row: Row, frame: dict[str, Any]) -> list[Any]:
    """The values of AGGREGATES for one row of integer values."""
    chosen = in_frame(rows, row, frame)
    values = [other.value for other in chosen if other.value is not None]
    big = [value for value in values if value > 3]
    history = before(rows, row)
    if frame.get("exclude_time"):
        history = [other for other in history if other.ts < row.ts]
    total = sum(values) if values else None
    return [
        len(values),
        len(chosen),
        wrapped(total, 32),
        min(values, default=None),
        max(values, default=None),
        None if total is None else total / len(values),
        len({other.value or 0 for other in chosen}),  # NULL counts as 0
        chosen[0].value if chosen else None,
        ",".join(str(value) for value in sorted(values, reverse=True)[:2]),
        len(big),
        sum(1 for other in chosen if other.value is not None and other.value > 3),
        wrapped(sum(big), 32) if big else None,
        min(big, default=None),
        max(big, default=None),
        sum(big) / len(big) if big else None,
        history[-1].value if history else None,
        history[-2].value if len(history) > 1 else None,
        row.value,
    ]


AGGREGATES = [
    "count(v)", "count(*)", "sum(v)", "min(v)", "max(v)", "avg(v)", "distinct_count(v)", "first_value(v)", "top(v, 2)",
    "count_where(v, v > 3)", "count_where(*, v > 3)", "sum_where(v, v > 3)", "min_where(v, v > 3)",
    "max_where(v, v > 3)", "avg_where(v, v > 3)", "lag(v, 1)", "lag(v, 2)", "lag(v, 0)",
]
