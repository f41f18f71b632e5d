"""`CONFIG (execute_mode='..', values=..)` behind a query, a LOAD DATA or a SELECT INTO.

Online, a query with execute_mode 'request' is computed for the rows that `values` gives, as a deployment of it would be. Everything else in the
clause changes nothing: jobs ignore it, as the engine's do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot.tokens import Token, TokenType

from .errors import plan_error
from .token_reader import TokenReader

# `batch` and `online` are one to the engine; `batchrequest` is `request` with several rows
_MODES = ("online", "offline", "batch", "request", "batchrequest")


@dataclass
class Config:
    """`mode` in lower case, empty where none is given; `rows` are the rows of `values`, each the tokens of its expressions."""

    mode: str = ""
    rows: list[list[Token]] = field(default_factory=list)

    @property
    def is_request(self) -> bool:
        return self.mode in ("request", "batchrequest")


def split(tokens: list[Token], text: str) -> tuple[list[Token], Config]:
    """A query without the clause at its end, and the clause."""
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and _is_config(tokens, at):
            reader = TokenReader(tokens[at:], text)
            config = read(reader, text)
            reader.end()
            return tokens[:at], config
    return tokens, Config()


def _is_config(tokens: list[Token], at: int) -> bool:
    token, following = tokens[at], tokens[at + 1:at + 2]
    return (token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) and token.text.upper() == "CONFIG"
            and bool(following) and following[0].token_type == TokenType.L_PAREN)


def read(reader: TokenReader, text: str) -> Config:
    """The clause if it is next."""
    config = Config()
    if not reader.accept("CONFIG"):
        return config
    reader.expect("(")
    is_first = True
    while not reader.accept(")"):
        if not is_first:
            reader.expect(",")
        is_first = False
        place = reader.peek()
        key = reader.name("CONFIG key").lower()
        reader.expect("=")
        if key == "execute_mode":
            config.mode = reader.string("execute_mode").lower()
            if config.mode not in _MODES:
                raise plan_error(f"Un-support CONFIG execute_mode '{config.mode}': must be online, offline or request")
        elif key == "values":
            config.rows = _rows(reader)
        else:
            raise reader.error(f"Unknown CONFIG key {key}: the engine knows execute_mode and values, and ignores this", place)
    return config


def _rows(reader: TokenReader) -> list[list[Token]]:
    """`(a, b)`, `[(a, b), (c, d)]`, or an expression for a row of one column, in brackets or not."""
    if not reader.accept("["):
        return [_row(reader)]
    rows = [_row(reader)]
    while reader.accept(","):
        rows.append(_row(reader))
    reader.expect("]")
    return rows


def _row(reader: TokenReader) -> list[Token]:
    in_parentheses = reader.accept("(")
    tokens: list[Token] = []
    depth = 0
    while reader.peek() is not None:
        ahead = reader.peek()
        if ahead.token_type == TokenType.R_PAREN and depth == 0:
            break
        if depth == 0 and not in_parentheses and ahead.text in (",", "]") and ahead.token_type != TokenType.STRING:
            break
        depth += (ahead.token_type == TokenType.L_PAREN) - (ahead.token_type == TokenType.R_PAREN)
        tokens.append(reader.advance())
    if in_parentheses:
        reader.expect(")")
    if not tokens:
        raise reader.error("Expected an expression in CONFIG values")
    return tokens
