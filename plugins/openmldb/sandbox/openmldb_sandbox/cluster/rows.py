"""Rows and schemas as tablets speak them: the bytes of Put, of request rows, and of every answer with rows."""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Sequence
from typing import Any

from .. import sqltypes as T

WIRE_TYPE = {
    T.BOOL: 1, T.INT16: 2, T.INT32: 3, T.INT64: 4, T.FLOAT: 5, T.DOUBLE: 6, T.DATE: 7, T.TIMESTAMP: 8, T.STRING: 13,
    T.NULL: 3,
}
"""The column type's number in messages."""

COLUMN_TYPE = {number: type_ for type_, number in WIRE_TYPE.items() if type_ != T.NULL} | {14: T.STRING}
"""The type behind a number: an SDK sends a `string` as varchar, 13, and both mean the same."""

# the numbers of schema bytes are others
_SCHEMA_TYPE = {
    T.BOOL: 0, T.INT16: 1, T.INT32: 3, T.INT64: 5, T.FLOAT: 7, T.DOUBLE: 8, T.STRING: 9, T.DATE: 10, T.TIMESTAMP: 11,
    T.NULL: 3,
}
_FORMAT = {
    T.BOOL: "<?", T.INT16: "<h", T.INT32: "<i", T.INT64: "<q", T.FLOAT: "<f", T.DOUBLE: "<d", T.DATE: "<i",
    T.TIMESTAMP: "<q", T.NULL: "<i",
}
_HEADER = struct.Struct("<BBI")
_MAX_NAME = 127


class MalformedRow(Exception):
    """Bytes that are no row of the expected columns."""


def encode_schema(names: Sequence[str], types: Sequence[str]) -> bytes:
    """The schema of an answer; names are cut where their length would not fit its byte."""
    out = bytearray(struct.pack("<H", len(names)))
    for name, type_ in zip(names, types):
        encoded = name.encode()[:_MAX_NAME]
        out += bytes([0, _SCHEMA_TYPE[type_], len(encoded)]) + encoded
    return bytes(out)


def encode_row(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """One row."""
    nulls = bytearray((len(types) + 7) // 8)
    fixed = bytearray()
    texts: list[bytes] = []
    for i, (type_, value) in enumerate(zip(types, values)):
        if value is None:
            nulls[i // 8] |= 1 << i % 8
        if type_ == T.STRING:
            texts.append(b"" if value is None else str(value).encode())
        else:
            fixed += struct.pack(_FORMAT[type_], _to_wire(type_, value))
    before = _HEADER.size + len(nulls) + len(fixed)
    text_size = sum(map(len, texts))
    width = next(w for w in (1, 2, 3, 4) if before + w * len(texts) + text_size < 1 << 8 * w)
    at = before + width * len(texts)
    offsets = bytearray()
    for text in texts:
        offsets += at.to_bytes(width, "little")
        at += len(text)
    return _HEADER.pack(1, 1, at) + nulls + fixed + offsets + b"".join(texts)


def decode_row(types: Sequence[str], data: bytes) -> list[Any]:
    """The values of one row that begins `data`."""
    try:
        return _decode_row(types, data)
    except (struct.error, IndexError, ValueError) as error:
        raise MalformedRow(f"row of {len(data)} bytes: {error}") from None


def _decode_row(types: Sequence[str], data: bytes) -> list[Any]:
    size = _HEADER.unpack_from(data)[2]
    if size > len(data):
        raise ValueError(f"it says {size} bytes")
    nulls = data[_HEADER.size:]
    at = _HEADER.size + (len(types) + 7) // 8
    values: list[Any] = []
    for i, type_ in enumerate(types):
        is_null = bool(nulls[i // 8] >> i % 8 & 1)
        if type_ == T.STRING:
            values.append(None if is_null else "")
            continue
        (value,) = struct.unpack_from(_FORMAT[type_], data, at)
        at += struct.calcsize(_FORMAT[type_])
        values.append(None if is_null else _from_wire(type_, value))
    texts = [i for i, type_ in enumerate(types) if type_ == T.STRING]
    width = next(w for w in (1, 2, 3, 4) if size < 1 << 8 * w)
    starts = [int.from_bytes(data[at + width * n:at + width * (n + 1)], "little") for n in range(len(texts))]
    for i, start, end in zip(texts, starts, [*starts[1:], size]):
        if values[i] is not None:  # the offset of a NULL means nothing
            values[i] = data[start:end].decode(errors="replace")
    return values


def _to_wire(type_: str, value: Any) -> Any:
    if value is None:
        return 0
    return (value.year - 1900) << 16 | (value.month - 1) << 8 | value.day if type_ == T.DATE else value


def _from_wire(type_: str, value: Any) -> Any:
    return dt.date((value >> 16) + 1900, (value >> 8 & 0xFF) + 1, value & 0xFF) if type_ == T.DATE else value
