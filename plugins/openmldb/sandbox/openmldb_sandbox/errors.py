"""The one exception type every layer raises, and the engine's code families.

A caller of the REST API sees nothing but `code` and `msg`, so an error is exactly that pair.  The
constructors name the stage that failed, because the code is chosen by stage: text that does not
parse, a plan that cannot be built, a command the server refuses.
"""

from __future__ import annotations

from sqlglot.tokens import Token

API = -1
PLAN = 1000
SYNTAX = 1001
PHYSICAL_PLAN = 1004
TABLE_NOT_FOUND = 1202
RUNTIME = 1400
COMMAND = 2000
SERVER = 2001


class SqlError(Exception):
    """A statement or call that failed, with the code and text the caller is to see."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def api_error(message: str) -> SqlError:
    """A failure of the REST layer itself."""
    return SqlError(API, message)


def command_error(message: str) -> SqlError:
    """DDL, session and deployment commands that are refused."""
    return SqlError(COMMAND, message)


def plan_error(message: str) -> SqlError:
    """SQL that parses but means something the engine has no plan for."""
    return SqlError(PLAN, message)


def physical_error(message: str) -> SqlError:
    """Names and types that do not resolve against the schemas."""
    return SqlError(PHYSICAL_PLAN, message)


def server_error(what: str, text: str, return_code: int = -1) -> SqlError:
    """A refusal by one of the cluster's servers, in the wrapping the client adds to it."""
    return SqlError(SERVER, f"{what}--ReturnCode[{return_code}]--{text}")


def syntax_error_at(text: str, line: int, column: int, detail: str) -> SqlError:
    """A parse failure with its place and the source line under a caret."""
    lines = text.splitlines() or [""]
    source = lines[min(line, len(lines)) - 1]
    caret = " " * max(column - 1, 0) + "^"
    return SqlError(
        SYNTAX,
        f"create logic plan tree failed--Syntax error: {detail} [at {line}:{column}]\n{source}\n{caret}",
    )


def syntax_error(text: str, token: Token | None, detail: str) -> SqlError:
    """A parse failure at a token, or at the end of the text when there is none left."""
    if token is None:
        lines = text.splitlines() or [""]
        return syntax_error_at(text, len(lines), len(lines[-1]) + 1, detail)
    # sqlglot counts the column of a token's last character
    column = max(token.col - (token.end - token.start), 1)
    return syntax_error_at(text, token.line, column, detail)
