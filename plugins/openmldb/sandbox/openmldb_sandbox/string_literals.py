"""String literals and quoted names as the engine's parser (ZetaSQL) reads them.

`read` finds every literal of a text and what it means, and gives the text back with the literals blanked out, of the same
length, line by line: what is left has no escapes, no prefixes, no triple quotes and no comments, so that a tokenizer with
other rules of its own cannot misread it, and places in it are places in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .errors import SqlError, plan_error, syntax_error_at

# a comment, or where a literal begins: its prefix and its quotes
_START = re.compile(
    r"""(?P<comment>--[^\n]*|\#[^\n]*|/\*.*?(?:\*/|\Z))"""
    r"""|(?P<prefix>\b[rR][bB]|\b[bB][rR]|\b[rRbB])?(?P<quote>'''|\"\"\"|'|")"""
    r"""|(?P<name>`)""",
    re.DOTALL,
)
_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}
_HEX = {"x": 2, "X": 2, "u": 4, "U": 8}
_LAST_CODE_POINT = 0x10FFFF


class Literals(NamedTuple):
    """What `read` found: the blanked text, and the value of the literal that begins at each place."""

    blanked: str
    values: dict[int, str]


def read(text: str) -> Literals:
    """The literals of a text; a syntax error names the place of one that is wrong."""
    kept: list[str] = []
    values: dict[int, str] = {}
    at = 0
    for match in iter(lambda: _START.search(text, at), None):
        start = match.start()
        kept.append(text[at:start])
        if match["comment"] is not None:
            at = match.end()
            kept.append(_blank(text[start:at], " "))
            continue
        quote = match["quote"] or match["name"]
        prefix = (match["prefix"] or "").lower()
        end = _end(text, match.end(), quote, start)
        if "b" in prefix:
            raise plan_error("Un-support literal expression for node kind BytesLiteral")
        values[start] = _value(text, match.end(), end - len(quote), quote, "r" in prefix)
        at = end
        mark = match["name"] or "'"
        kept.append(mark + _blank(text[start + 1:at - 1], "x") + mark)
    kept.append(text[at:])
    return Literals("".join(kept), values)


def _blank(text: str, filler: str) -> str:
    return re.sub(r"[^\n]", filler, text)


def _end(text: str, at: int, quote: str, start: int) -> int:
    """Where a literal ends; a backslash takes the next character with it, in a raw one, too."""
    kind = "identifier" if quote == "`" else "string"
    while at < len(text):
        if text.startswith(quote, at):
            return at + len(quote)
        if text[at] == "\\" and at + 1 < len(text):
            if text[at + 1] in "\r\n" and len(quote) == 1:
                raise _error(text, at, "Illegal escaped newline")
            at += 2
            continue
        if text[at] in "\r\n" and len(quote) == 1:
            break
        at += 1
    triple = "triple-quoted " if len(quote) == 3 else ""
    raise _error(text, start, f"Unclosed {triple}{kind} literal")


def _value(text: str, at: int, end: int, quote: str, is_raw: bool) -> str:
    body = text[at:end]
    if is_raw:
        return re.sub(r"\r\n?", "\n", body)
    return "".join(_characters(text, at, end))


def _characters(text: str, at: int, end: int) -> Iterator[str]:
    while at < end:
        if text[at] == "\r":  # in triple quotes alone
            yield "\n"
            at += 2 if text.startswith("\r\n", at) else 1
        elif text[at] == "\\":
            character, at = _escape(text, at, end)
            yield character
        else:
            yield text[at]
            at += 1


def _escape(text: str, at: int, end: int) -> tuple[str, int]:
    """The character that the escape at `at` stands for, and where it ends."""
    letter = text[at + 1]
    if letter in _SIMPLE:
        return _SIMPLE[letter], at + 2
    if letter in _HEX:
        return _code_point(text, at, end)
    if letter in "\r\n":
        raise _error(text, at, "Illegal escaped newline")
    if letter in "0123":
        digits = text[at + 1:min(at + 4, end)]
        if not re.fullmatch("[0-7]{3}", digits):
            raise _illegal(text, at, f"Octal escape must be followed by 3 octal digits but saw: \\{digits}")
        return _character(text, at, int(digits, 8), digits), at + 4
    raise _illegal(text, at, f"\\{letter}")


def _code_point(text: str, at: int, end: int) -> tuple[str, int]:
    letter = text[at + 1]
    count = _HEX[letter]
    digits = text[at + 2:min(at + 2 + count, end)]
    if not re.fullmatch(f"[0-9a-fA-F]{{{count}}}", digits):
        what = "Hex escape" if count == 2 else f"\\{letter}"
        raise _illegal(text, at, f"{what} must be followed by {count} hex digits but saw: \\{letter}{digits}")
    code = int(digits, 16)
    if code > _LAST_CODE_POINT:
        raise _illegal(text, at, f"Value of \\{letter}{digits} exceeds Unicode limit (0x0010FFFF)")
    if 0xD800 <= code <= 0xDFFF:
        raise _illegal(text, at, f"Unicode value \\{letter}{digits} is invalid")
    return _character(text, at, code, letter + digits), at + 2 + count


def _character(text: str, at: int, code: int, shown: str) -> str:
    """A text of the engine ends at its first NUL, of DuckDB it must not have one."""
    if code == 0:
        raise _illegal(text, at, f"\\{shown} ends the text in the engine, and is refused in the sandbox")
    return chr(code)


def _illegal(text: str, at: int, detail: str) -> SqlError:
    return _error(text, at, f"Illegal escape sequence: {detail}")


def _error(text: str, at: int, detail: str) -> SqlError:
    before = text[:at]
    return syntax_error_at(text, before.count("\n") + 1, at - before.rfind("\n"), detail)
