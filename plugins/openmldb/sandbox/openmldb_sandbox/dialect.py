"""The engine's SQL as a sqlglot dialect.

Three things differ from what sqlglot knows: `LAST JOIN ... ORDER BY c ON ...`, window frames
(`ROWS_RANGE` with time units, `OPEN PRECEDING`, `EXCLUDE CURRENT_TIME`, `MAXSIZE`), and what is in
quotes (double quotes are strings, backticks are names; `string_literals` reads both).  Functions are left as plain
name-and-arguments nodes, so that the tables in `functions` and `aggregates` are the only list of
what exists.
"""

from __future__ import annotations

import re

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokens import Token, Tokenizer, TokenType

from . import string_literals
from .errors import plan_error, syntax_error, syntax_error_at

# sqlglot prints whole tokens into some of its messages
_TOKEN_DUMP = re.compile(r"<Token token_type: \w+, text: (.*?), line: .*?>", re.DOTALL)

# longer than any number that fits a type, and short enough for Python to convert
_MAX_NUMBER_LENGTH = 400

UNITS_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class Frame(exp.Expression):
    """A window frame: `kind`, the two bounds, the engine's extra attributes, and the window's `unions`."""

    arg_types = {
        "kind": True, "start": True, "end": True,
        "maxsize": False, "exclude_row": False, "exclude_time": False, "exclude_instances": False,
        "unions": False,
    }


class Bound(exp.Expression):
    """One end of a frame.  `offset` is None for UNBOUNDED and 0 for the current row."""

    arg_types = {"offset": False, "is_time": False, "is_open": False, "is_current": False}


class OpenMLDBParser(Parser):
    """Parses queries; statements other than queries are read by `statements`."""

    FUNCTIONS: dict = {}
    FUNCTION_PARSERS = {"CAST": lambda self: self._parse_cast(True)}
    NO_PAREN_FUNCTIONS: dict = {}
    NO_PAREN_FUNCTION_PARSERS = {"CASE": lambda self: self._parse_case()}
    DISJUNCTION = {**Parser.DISJUNCTION, TokenType.XOR: exp.Xor}
    TABLE_ALIAS_TOKENS = Parser.TABLE_ALIAS_TOKENS - {TokenType.STRAIGHT_JOIN}

    def _parse_join(self, *args, **kwargs):
        join = super()._parse_join(*args, **kwargs)
        if join and join.kind.startswith("LAST"):
            join.set("kind", "LAST")
            order = self._parse_order()
            if order:
                join.set("match_condition", order)
            if not join.args.get("on"):
                if not self._match(TokenType.ON):
                    self.raise_error("Expected keyword ON after LAST JOIN")
                join.set("on", self._parse_disjunction())
        return join

    def _parse_window(self, this, alias: bool = False):
        if alias:
            self._match(TokenType.ALIAS)
        elif not self._match(TokenType.OVER):
            return this
        if not self._match(TokenType.L_PAREN):
            return self.expression(exp.Window(this=this, alias=self._parse_id_var(False), over="OVER"))
        if self._is_name_in_parentheses():  # how SDKs print OVER w
            name = self._parse_id_var(False)
            self._match_r_paren()
            return self.expression(exp.Window(this=this, alias=name, over="OVER"))
        unions = self._parse_csv(self._parse_union) if self._match(TokenType.UNION) else []
        partition, order = self._parse_partition_and_order()
        frame = self._read_frame()
        self._match_r_paren()
        if frame is not None:
            frame.set("unions", unions)
        return self.expression(
            exp.Window(this=this, partition_by=partition, order=order, spec=frame, over="OVER")
        )

    def _parse_union(self) -> exp.Expression:
        """A table or subquery whose rows a window has, too; `PARTITION` behind it is no alias."""
        if not self._match(TokenType.L_PAREN):
            return self._parse_table_parts()
        query = exp.Subquery(this=self._parse_select())
        self._match_r_paren()
        return query

    def _is_name_in_parentheses(self) -> bool:
        return bool(self._curr and self._next and self._next.token_type == TokenType.R_PAREN)

    def _read_frame(self) -> Frame | None:
        if not self._match_set((TokenType.ROWS, TokenType.RANGE)):
            return None
        frame = Frame(kind=self._prev.text.upper())
        if not self._match(TokenType.BETWEEN):
            self.raise_error("Expected keyword BETWEEN in window frame")
        frame.set("start", self._read_bound())
        if not self._match(TokenType.AND):
            self.raise_error("Expected keyword AND in window frame")
        frame.set("end", self._read_bound())
        while self._read_frame_attribute(frame):
            pass
        return frame

    def _read_frame_attribute(self, frame: Frame) -> bool:
        if self._match_text_seq("MAXSIZE"):
            if any(frame.args.get(name) for name in ("exclude_row", "exclude_time", "exclude_instances")):
                self.raise_error('Expected ")" but got keyword MAXSIZE: it comes before EXCLUDE')
            if not self._match(TokenType.NUMBER) or not self._prev.text.isdigit():
                self.raise_error("Expected integer after MAXSIZE")
            frame.set("maxsize", int(self._prev.text))
        elif self._match_text_seq("EXCLUDE"):
            if self._match_text_seq("CURRENT_ROW"):
                frame.set("exclude_row", True)
            elif self._match_text_seq("CURRENT_TIME"):
                frame.set("exclude_time", True)
            else:
                self.raise_error("Expected CURRENT_ROW or CURRENT_TIME after EXCLUDE")
        elif self._match_text_seq("INSTANCE_NOT_IN_WINDOW"):
            frame.set("exclude_instances", True)
        else:
            return False
        return True

    def _read_bound(self) -> Bound:
        if self._match_text_seq("CURRENT", "ROW") or self._match_text_seq("CURRENT_ROW"):
            return Bound(offset=0, is_current=True)
        bound = Bound()
        if not self._match_text_seq("UNBOUNDED"):
            self._read_offset(bound)
        bound.set("is_open", bool(self._match_text_seq("OPEN")))
        if self._match_text_seq("FOLLOWING"):
            raise plan_error("Un-support window frame with FOLLOWING: frames end at the current row")
        if not self._match_text_seq("PRECEDING"):
            self.raise_error("Expected keyword PRECEDING in window frame")
        return bound

    def _read_offset(self, bound: Bound) -> None:
        if not self._match(TokenType.NUMBER) or not self._prev.text.isdigit():
            self.raise_error("Expected frame bound")
        number = self._prev
        offset = int(number.text)
        if self._curr and self._curr.start == number.end + 1 and self._curr.text.lower() in UNITS_MS:
            offset *= UNITS_MS[self._curr.text.lower()]
            bound.set("is_time", True)
            self._advance()
        if offset >= 1 << 62:
            self.raise_error("Frame bound out of range")
        bound.set("offset", offset)


class OpenMLDB(Dialect):
    """Registered with sqlglot under the name `openmldb`."""

    class Tokenizer(Tokenizer):
        # `string_literals` has read what is in quotes, and left nothing to escape
        QUOTES = ["'"]
        IDENTIFIERS = ["`"]
        STRING_ESCAPES = ["\\"]
        KEYWORDS = {
            **Tokenizer.KEYWORDS,
            "DIV": TokenType.DIV,
            "XOR": TokenType.XOR,
            "LAST JOIN": TokenType.STRAIGHT_JOIN,
            "ROWS_RANGE": TokenType.ROWS,
        }
        # statements the base tokenizer would swallow as raw text
        COMMANDS: set = set()

    Parser = OpenMLDBParser


_DIALECT = OpenMLDB()


def tokenize(text: str) -> list[Token]:
    """The tokens of a text; a syntax error when it cannot even be cut into tokens."""
    literals = string_literals.read(text)
    try:
        tokens = _DIALECT.tokenize(literals.blanked)
    except TokenError as error:
        lines = text.splitlines() or [""]
        detail = str(error).splitlines()[0]
        raise syntax_error_at(text, len(lines), len(lines[-1]) + 1, detail) from None
    for token in tokens:
        if token.token_type == TokenType.NUMBER and len(token.text) > _MAX_NUMBER_LENGTH:
            raise syntax_error(text, token, "Number literal out of range")
    return [_with_value(token, literals.values) for token in tokens]


def _with_value(token: Token, values: dict[int, str]) -> Token:
    """A literal with what stands in it; all other tokens as they are."""
    if token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) or token.start not in values:
        return token
    return Token(token.token_type, values[token.start], token.line, token.col, token.start, token.end)


def parse_query(tokens: list[Token], text: str) -> exp.Select:
    """The tree of a query given as tokens of `text`."""
    if not tokens:
        raise syntax_error(text, None, "Unexpected end of statement")
    _refuse_empty_items(tokens, text)
    numbered = _number_parameters(tokens)
    try:
        tree = _DIALECT.parser(error_level=ErrorLevel.IMMEDIATE).parse(numbered, text)[0]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        line, column = first.get("line") or 1, first.get("col") or 1
        highlight = first.get("highlight") or ""
        detail = _TOKEN_DUMP.sub(r'"\1"', first.get("description") or str(error))
        raise syntax_error_at(text, line, max(column - len(highlight) + 1, 1), detail) from None
    except RecursionError:
        raise syntax_error(text, tokens[0], "Statement is nested too deeply") from None
    if isinstance(tree, (exp.SetOperation, exp.Subquery)):
        raise plan_error(f"Un-support query type: {tree.key.upper()}")
    if not isinstance(tree, exp.Select):
        raise syntax_error(text, tokens[0], f"Unexpected {tokens[0].text}")
    if not tree.expressions:
        raise syntax_error(text, tokens[min(1, len(tokens) - 1)], "SELECT list must not be empty")
    group = tree.args.get("group")
    if group is not None and not any(group.args.values()):
        raise syntax_error(text, None, "Expected column after GROUP BY")
    return tree


def _refuse_empty_items(tokens: list[Token], text: str) -> None:
    """sqlglot forgives a comma with nothing behind it; the engine does not."""
    for token, following in zip(tokens, [*tokens[1:], None]):
        if token.token_type == TokenType.COMMA and (
            following is None
            or following.token_type in (TokenType.COMMA, TokenType.FROM, TokenType.R_PAREN)
        ):
            raise syntax_error(text, following, "Unexpected end of list after ','")


def _number_parameters(tokens: list[Token]) -> list[Token]:
    """Gives each `?` its ordinal, because the tree's own order is not the order of the text."""
    numbered: list[Token] = []
    count = 0
    for token in tokens:
        if token.token_type == TokenType.PLACEHOLDER:
            numbered.append(Token(TokenType.COLON, ":", token.line, token.col, token.start, token.end))
            token = Token(TokenType.VAR, str(count), token.line, token.col, token.start, token.end)
            count += 1
        numbered.append(token)
    return numbered
