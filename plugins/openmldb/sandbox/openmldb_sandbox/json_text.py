"""JSON as the APIServer reads and writes it: bare NaN and infinities, a bounded depth."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 64

_STRING_OR_INF = re.compile(r'"(?:\\.|[^"\\])*"|-?Inf\b', re.DOTALL)
_STRING = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)


def parse(body: bytes) -> Any:
    """A request body; ValueError when it is not JSON or too deep."""
    text = body.decode("utf-8")
    if "Inf" in text:
        text = _STRING_OR_INF.sub(_spell_out, text)
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return json.loads(text)


def _spell_out(match: re.Match[str]) -> str:
    """Inf is Infinity to Python's reader."""
    return match[0] if match[0].startswith('"') else match[0] + "inity"


def _depth(text: str) -> int:
    deepest = depth = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def dump(answer: Any) -> bytes:
    """An answer; NaN and infinities are written bare unless they were replaced before."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
