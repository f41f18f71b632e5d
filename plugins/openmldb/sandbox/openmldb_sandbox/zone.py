"""The zone in which text timestamps are read and written (`--timezone`)."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_EPOCH = dt.datetime(1970, 1, 1)
_MS = dt.timedelta(milliseconds=1)
_TEXT = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)


class Zone:
    """A named zone, or the host's when no name is given."""

    def __init__(self, name: str | None = None) -> None:
        self._info = ZoneInfo(name) if name else None
        # offsets change on whole minutes, so one lookup serves every time inside the minute
        self._offset_ms = lru_cache(maxsize=65536)(self._offset_of)

    def _offset_of(self, minute: dt.datetime) -> int:
        aware = minute.replace(tzinfo=self._info) if self._info else minute.astimezone()
        return round(aware.utcoffset() / _MS)

    def parse_ms(self, text: str) -> int | None:
        """`yyyy-MM-dd[ HH:mm[:ss[.fraction]]][offset]` as epoch milliseconds; None if it is not."""
        match = _TEXT.fullmatch(text)
        if not match:
            return None
        date, hour, minute, second, fraction, offset = match.groups()
        try:
            year, month, day = (int(part) for part in date.split("-"))
            whole = dt.datetime(year, month, day, int(hour or 0), int(minute or 0))
            seconds = dt.time(0, 0, int(second or 0)).second
        except ValueError:
            return None
        offset_ms = _fixed_offset_ms(offset) if offset else self._offset_ms(whole)
        ms = int((fraction or "0").ljust(3, "0")[:3])
        return (whole - _EPOCH) // _MS + seconds * 1000 + ms - offset_ms

    def format(self, epoch_ms: int) -> str:
        """Spark's default CSV form: ISO date and time, milliseconds, offset (`Z` for none)."""
        seconds, ms = divmod(epoch_ms, 1000)
        try:
            utc = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(seconds=seconds)
            local = utc.astimezone(self._info)
        except OverflowError:
            return str(epoch_ms)
        minutes = round(local.utcoffset() / dt.timedelta(minutes=1))
        if minutes == 0:
            offset = "Z"
        else:
            hours, rest = divmod(abs(minutes), 60)
            offset = f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"
        return f"{local:%Y-%m-%dT%H:%M:%S}.{ms:03}{offset}"


def _fixed_offset_ms(offset: str) -> int:
    if offset == "Z":
        return 0
    digits = offset[1:].replace(":", "")
    ms = (int(digits[:2]) * 60 + int(digits[2:])) * 60_000
    return -ms if offset[0] == "-" else ms
