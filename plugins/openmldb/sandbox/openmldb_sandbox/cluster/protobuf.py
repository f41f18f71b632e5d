"""Protocol buffers (proto2), as much as the cluster's messages need: messages are dicts, described by `Message`.

Written by hand because the definitions are few, because required fields must be on the wire even when they are 0,
and because no generated code has to match the user's protobuf library.
"""

from __future__ import annotations

from typing import Any, NamedTuple

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MASK64 = (1 << 64) - 1
# deeper than any message the cluster knows, and shallow enough for a hostile one
_MAX_DEPTH = 16

INT, BOOL, TEXT, BYTES = "int", "bool", "text", "bytes"
"""Kinds of fields.  All integers and enums are INT: they differ in meaning, not on the wire."""

_DEFAULTS = {INT: 0, BOOL: False, TEXT: "", BYTES: b""}


class MalformedMessage(Exception):
    """Bytes that are no message of the wanted kind."""


class _Field(NamedTuple):
    number: int
    name: str
    kind: Any
    repeated: bool


class Message:
    """The fields of one message: `Message(code=(1, INT), msg=(2, TEXT), jobs=(3, [JOB]))`; a list means repeated."""

    def __init__(self, **fields: tuple[int, Any]) -> None:
        self._by_name: dict[str, _Field] = {}
        for name, (number, kind) in fields.items():
            repeated = isinstance(kind, list)
            self._by_name[name] = _Field(number, name, kind[0] if repeated else kind, repeated)
        self._by_number = {field.number: field for field in self._by_name.values()}

    def encode(self, values: dict[str, Any]) -> bytes:
        """Exactly the fields that `values` has, also those with a default's value."""
        out = bytearray()
        for name, value in values.items():
            field = self._by_name[name]
            for item in value if field.repeated else [value]:
                _write_field(out, field, item)
        return bytes(out)

    def decode(self, data: bytes, depth: int = 0) -> dict[str, Any]:
        """Every known field, with its default where it is absent (a message: None); unknown ones are left out."""
        if depth > _MAX_DEPTH:
            raise MalformedMessage("nested too deeply")
        values: dict[str, Any] = {
            field.name: [] if field.repeated else _DEFAULTS.get(field.kind) if isinstance(field.kind, str) else None
            for field in self._by_name.values()
        }
        at = 0
        while at < len(data):
            key, at = _read_varint(data, at)
            raw, at = _read_raw(data, at, key & 7)
            field = self._by_number.get(key >> 3)
            if field is None:
                continue
            value = _interpret(field, raw, depth)
            if field.repeated:
                values[field.name].append(value)
            else:
                values[field.name] = value
        return values


def _write_field(out: bytearray, field: _Field, value: Any) -> None:
    if field.kind in (INT, BOOL):
        _write_varint(out, field.number << 3 | _VARINT)
        _write_varint(out, int(value) & _MASK64)
        return
    if isinstance(field.kind, Message):
        value = field.kind.encode(value)
    elif field.kind == TEXT:
        value = value.encode()
    _write_varint(out, field.number << 3 | _BYTES)
    _write_varint(out, len(value))
    out += value


def _write_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def varint(value: int) -> bytes:
    """A number as a varint of its own."""
    out = bytearray()
    _write_varint(out, value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise MalformedMessage("cut inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _MASK64, at
    raise MalformedMessage("number too long")


def _read_raw(data: bytes, at: int, wire_type: int) -> tuple[int | bytes, int]:
    if wire_type == _VARINT:
        return _read_varint(data, at)
    if wire_type == _BYTES:
        length, at = _read_varint(data, at)
    elif wire_type in (_FIXED64, _FIXED32):
        length = 8 if wire_type == _FIXED64 else 4
    else:
        raise MalformedMessage(f"wire type {wire_type}")
    if length > len(data) - at:
        raise MalformedMessage("cut inside a field")
    return data[at:at + length], at + length


def _interpret(field: _Field, raw: int | bytes, depth: int) -> Any:
    if (field.kind in (INT, BOOL)) != isinstance(raw, int):
        raise MalformedMessage(f"field {field.name} has another wire type")
    if field.kind == BOOL:
        return raw != 0
    if field.kind == INT:
        return raw - (1 << 64) if raw >> 63 else raw
    if field.kind == TEXT:
        return raw.decode(errors="replace")
    return raw if field.kind == BYTES else field.kind.decode(raw, depth + 1)
