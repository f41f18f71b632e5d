"""A cursor over the tokens of one statement, for the statements sqlglot does not model."""

from __future__ import annotations

from typing import Any

from sqlglot.tokens import Token, TokenType

from .dialect import UNITS_MS
from .errors import SqlError, syntax_error

_NOT_WORDS = (TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER)


class Parameter(int):
    """A `?` in a statement, by its ordinal."""


class TokenReader:
    """Reads forward only; every expectation that fails is a syntax error with its place."""

    def __init__(self, tokens: list[Token], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0
        self._parameters = 0

    def peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def advance(self) -> Token:
        token = self.peek()
        if token is None:
            raise self.error("Unexpected end of statement")
        self._at += 1
        return token

    def rest(self) -> list[Token]:
        """Everything not read yet."""
        tokens = self._tokens[self._at:]
        self._at = len(self._tokens)
        return tokens

    def error(self, detail: str, place: Token | None = None) -> SqlError:
        """A syntax error at a token already read, or else at the next one."""
        return syntax_error(self._text, place or self.peek(), detail)

    def accept(self, *words: str) -> bool:
        """Reads the words if they are all next."""
        ahead = self._tokens[self._at:self._at + len(words)]
        if len(ahead) < len(words):
            return False
        for token, word in zip(ahead, words):
            if token.token_type in _NOT_WORDS or token.text.upper() != word:
                return False
        self._at += len(words)
        return True

    def expect(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                got = self.peek()
                shown = f'"{got.text}"' if got else "end of statement"
                raise self.error(f"Expected {word} but got {shown}")

    def end(self) -> None:
        if self.peek() is not None:
            raise self.error(f'Expected end of statement but got "{self.peek().text}"')

    def name(self, what: str) -> str:
        token = self.peek()
        is_word = token is not None and (token.text.replace("_", "a").isalnum() and not token.text[0].isdigit())
        quoted = token is not None and token.token_type == TokenType.IDENTIFIER
        if not quoted and (not is_word or token.token_type in _NOT_WORDS):
            raise self.error(f"Expected {what}")
        return self.advance().text

    def qualified_name(self, what: str) -> tuple[str, str]:
        """`name` or `db.name`; the database is empty when not given."""
        first = self.name(what)
        return (first, self.name(what)) if self.accept(".") else ("", first)

    def string(self, what: str) -> str:
        token = self.peek()
        if token is None or token.token_type != TokenType.STRING:
            raise self.error(f"Expected string literal for {what}")
        return self.advance().text

    def integer(self, what: str) -> int:
        token = self.peek()
        if token is None or token.token_type != TokenType.NUMBER or not token.text.isdigit():
            raise self.error(f"Expected integer literal for {what}")
        return int(self.advance().text)

    def duration(self, what: str) -> tuple[int, str]:
        """An integer with the unit written right behind it, if any."""
        end = self._tokens[self._at].end if self.peek() else 0
        value, unit = self.integer(what), ""
        following = self.peek()
        if following is not None and following.start == end + 1 and following.text.lower() in UNITS_MS:
            unit = self.advance().text.lower()
        return value, unit

    def literal(self) -> Any:
        """A constant: number, string, TRUE, FALSE, NULL or a parameter."""
        if self.accept("NULL"):
            return None
        if self.accept("TRUE"):
            return True
        if self.accept("FALSE"):
            return False
        sign = -1 if self.accept("-") else 1
        token = self.advance()
        if token.token_type == TokenType.NUMBER:
            return sign * (int(token.text) if token.text.isdigit() else float(token.text))
        if sign == 1 and token.token_type == TokenType.STRING:
            return token.text
        if sign == 1 and token.token_type == TokenType.PLACEHOLDER:
            self._parameters += 1
            return Parameter(self._parameters - 1)
        self._at -= 1
        raise self.error(f'Expected a constant but got "{token.text}"')

    def options(self, keeps_case: bool = False) -> dict[str, Any]:
        """`OPTIONS(key=value, ...)` if it is next; keys in lower case unless they are to be kept.  Of equal ones, the first."""
        options: dict[str, Any] = {}
        if not self.accept("OPTIONS"):
            return options
        self.expect("(")
        while not self.accept(")"):
            if options:
                self.expect(",")
            key = self.name("option name")
            self.expect("=")
            options.setdefault(key if keeps_case else key.lower(), self.literal())
        return options
