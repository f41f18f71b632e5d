"""Floating numbers as Java prints them."""

from __future__ import annotations

import struct


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
