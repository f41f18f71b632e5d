"""Cuts the first statement off a text and says what it is.

Queries stay token lists for `dialect.parse_query`, because when they are parsed differs: an online
SELECT at once, an offline one inside its job.
"""

from __future__ import annotations

from typing import Any

from sqlglot.tokens import Token, TokenType

from . import config_clause
from . import sqltypes as T
from .catalog import ColumnDef, Index
from .commands import (
    CreateDatabase, CreateTable, Deploy, Describe, DropDatabase, DropDeployment, DropTable, Insert,
    LoadData, Select, SelectInto, SetVariable, Show, StopJob, Use,
)
from .dialect import tokenize
from .errors import SqlError, command_error, plan_error, syntax_error
from .sqltypes import parse_type
from .token_reader import Parameter, TokenReader


_REFUSED = {
    "ALTER", "TRUNCATE", "DELETE", "UPDATE", "EXPLAIN", "REPLACE", "MERGE", "WITH", "CALL", "GRANT", "REVOKE",
}


def parse_statement(text: str) -> Any:
    """The first statement of `text`; what follows its semicolon is dropped, as the engine does."""
    tokens = _first_statement(tokenize(text))
    reader = TokenReader(tokens, text)
    first = reader.peek()
    if first is None:
        raise syntax_error(text, None, "Unexpected end of statement")
    word = first.text.upper()
    if word == "SELECT":
        return _select(tokens, text)
    if word in _REFUSED:
        raise plan_error(f"Un-support statement type: {word}")
    parse = _PARSERS.get(word)
    if parse is None or first.token_type == TokenType.STRING:
        raise reader.error(f'Unexpected "{first.text}"')
    reader.advance()
    statement = parse(reader, text)
    reader.end()
    return statement


def _first_statement(tokens: list[Token]) -> list[Token]:
    for end, token in enumerate(tokens):
        if token.token_type == TokenType.SEMICOLON:
            return tokens[:end]
    return tokens


def _select(tokens: list[Token], text: str) -> Select | SelectInto:
    depth = 0
    for at, token in enumerate(tokens):
        if token.token_type == TokenType.L_PAREN:
            depth += 1
        elif token.token_type == TokenType.R_PAREN:
            depth -= 1
        elif depth == 0 and token.token_type == TokenType.INTO:
            reader = TokenReader(tokens[at + 1:], text)
            reader.expect("OUTFILE")
            statement = SelectInto(tokens[:at], reader.string("OUTFILE"), reader.options(keeps_case=True))
            config_clause.read(reader, text)
            reader.end()
            return statement
    return Select(*config_clause.split(tokens, text))


def _create(reader: TokenReader, text: str) -> CreateDatabase | CreateTable:
    for kind in ("INDEX", "FUNCTION", "PROCEDURE", "VIEW", "USER", "AGGREGATE"):
        if reader.accept(kind):
            raise plan_error(f"Un-support statement type: CREATE {kind}")
    is_database = reader.accept("DATABASE")
    if not is_database:
        reader.expect("TABLE")
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    if is_database:
        return CreateDatabase(reader.name("database name"), if_not_exists)
    db, name = reader.qualified_name("table name")
    columns: list[ColumnDef] = []
    indexes: list[Index] = []
    reader.expect("(")
    while True:
        if reader.accept("INDEX"):
            indexes.append(_index(reader, len(indexes)))
        else:
            columns.append(_column(reader))
        if not reader.accept(","):
            break
    reader.expect(")")
    if not columns:
        raise reader.error("Expected at least one column")
    return CreateTable(db, name, columns, indexes, reader.options(), if_not_exists)


def _column(reader: TokenReader) -> ColumnDef:
    name = reader.name("column name")
    place = reader.peek()
    spelling = reader.name("column type")
    type_ = parse_type(spelling)
    if type_ is None:
        raise reader.error(f"Un-support column type {spelling}", place)
    default = _default(reader, type_) if reader.accept("DEFAULT") else None
    return ColumnDef(name, type_, reader.accept("NOT", "NULL"), default)


def _default(reader: TokenReader, type_: str) -> Any:
    """A constant that an INSERT could put there; NULL is none."""
    place = reader.peek()
    try:
        value = reader.literal()
    except SqlError:
        raise command_error("default value expression not supported") from None
    if isinstance(value, Parameter):
        raise reader.error("Expected a constant for DEFAULT", place)
    try:
        converted = T.from_json(value, type_)
    except ValueError:
        converted = None
    if converted is None:
        raise command_error("default value type mismatch")
    return str(converted) if type_ == T.DATE else converted


def _index(reader: TokenReader, ordinal: int) -> Index:
    """`INDEX(KEY=.., TS=.., TTL=.., TTL_TYPE=..)`; a time TTL is kept in minutes."""
    index = Index(f"INDEX_{ordinal}", [])
    reader.expect("(")
    while True:
        attribute = reader.name("index attribute").upper()
        reader.expect("=")
        if attribute == "KEY":
            index.keys = _names(reader)
        elif attribute == "TS":
            index.ts = reader.name("column name")
        elif attribute == "TTL_TYPE":
            index.ttl_type = reader.name("TTL type").lower()
        elif attribute == "TTL":
            _ttl(reader, index)
        else:
            raise reader.error(f"Unknown index attribute {attribute}")
        if not reader.accept(","):
            break
    reader.expect(")")
    if not index.keys:
        raise reader.error("Expected KEY in INDEX")
    if index.ttl_type not in ("absolute", "latest", "absorlat", "absandlat"):
        raise reader.error(f"Unknown TTL_TYPE {index.ttl_type}")
    return index


def _ttl(reader: TokenReader, index: Index) -> None:
    grouped = reader.accept("(")
    while True:
        value, unit = reader.duration("TTL")
        if unit:
            index.abs_ttl = {"s": value // 60, "m": value, "h": value * 60, "d": value * 1440}[unit]
        else:
            index.lat_ttl = value
        if not grouped or not reader.accept(","):
            break
    if grouped:
        reader.expect(")")


def _names(reader: TokenReader) -> list[str]:
    """`a` or `(a, b, ...)`."""
    if not reader.accept("("):
        return [reader.name("column name")]
    names = [reader.name("column name")]
    while reader.accept(","):
        names.append(reader.name("column name"))
    reader.expect(")")
    return names


def _drop(reader: TokenReader, text: str) -> DropDatabase | DropTable | DropDeployment:
    for kind in ("INDEX", "FUNCTION", "PROCEDURE", "USER"):
        if reader.accept(kind):
            raise plan_error(f"Un-support statement type: DROP {kind}")
    if reader.accept("DEPLOYMENT"):
        return DropDeployment(*reader.qualified_name("deployment name"))
    is_database = reader.accept("DATABASE")
    if not is_database:
        reader.expect("TABLE")
    if_exists = reader.accept("IF", "EXISTS")
    if is_database:
        return DropDatabase(reader.name("database name"), if_exists)
    return DropTable(*reader.qualified_name("table name"), if_exists)


def _use(reader: TokenReader, text: str) -> Use:
    return Use(reader.name("database name"))


def _set(reader: TokenReader, text: str) -> SetVariable:
    is_global = reader.accept("GLOBAL")
    at_signs = 0
    while reader.accept("@") or reader.accept("@@"):
        at_signs += 1
    name = reader.name("variable name")
    if at_signs and reader.accept("."):
        is_global = name.lower() == "global"
        name = reader.name("variable name")
    reader.expect("=")
    token = reader.peek()
    is_word = token is not None and token.token_type == TokenType.VAR
    value = reader.advance().text if is_word else reader.literal()
    shown = str(value).lower() if not isinstance(value, str) else value.lower()
    return SetVariable(name.lower(), shown, is_global)


def _show(reader: TokenReader, text: str) -> Show:
    if reader.accept("GLOBAL"):
        reader.expect("VARIABLES")
        return Show("GLOBAL VARIABLES")
    if reader.accept("TABLE"):
        reader.expect("STATUS")
        return Show("TABLE STATUS")
    if reader.accept("JOBS"):
        component = reader.name("component").upper() if reader.accept("FROM") else ""
        if component not in ("", "TASKMANAGER", "NAMESERVER"):
            raise reader.error(f"Expected TASKMANAGER or NAMESERVER but got {component}")
        return Show("JOBS", name=component, pattern=reader.string("LIKE") if reader.accept("LIKE") else None)
    for what in ("JOBLOG", "JOB"):
        if reader.accept(what):
            return Show(what, name=str(reader.integer("job id")))
    if reader.accept("DEPLOYMENT"):
        return Show("DEPLOYMENT", *reader.qualified_name("deployment name"))
    for what in ("DATABASES", "TABLES", "DEPLOYMENTS", "VARIABLES"):
        if reader.accept(what):
            return Show(what)
    raise plan_error(f"Un-support statement type: SHOW {reader.advance().text.upper()}")


def _describe(reader: TokenReader, text: str) -> Describe:
    return Describe(*reader.qualified_name("table name"))


def _stop(reader: TokenReader, text: str) -> StopJob:
    reader.expect("JOB")
    return StopJob(reader.integer("job id"))


def _insert(reader: TokenReader, text: str) -> Insert:
    reader.expect("INTO")
    reader.accept("TABLE")
    db, name = reader.qualified_name("table name")
    following = reader.peek()
    columns = _names(reader) if following is not None and following.token_type == TokenType.L_PAREN else []
    if reader.accept("SELECT"):
        raise plan_error("Un-support statement type: INSERT INTO ... SELECT")
    reader.expect("VALUES")
    rows = []
    while True:
        reader.expect("(")
        row = [reader.literal()]
        while reader.accept(","):
            row.append(reader.literal())
        reader.expect(")")
        rows.append(row)
        if not reader.accept(","):
            return Insert(db, name, columns, rows)


def _load(reader: TokenReader, text: str) -> LoadData:
    reader.expect("DATA")
    reader.accept("LOCAL")
    reader.expect("INFILE")
    path = reader.string("INFILE")
    reader.expect("INTO", "TABLE")
    db, name = reader.qualified_name("table name")
    options = reader.options(keeps_case=True)
    config_clause.read(reader, text)
    return LoadData(path, db, name, options)


def _deploy(reader: TokenReader, text: str) -> Deploy:
    reader.accept("IF", "NOT", "EXISTS")
    name = reader.name("deployment name")
    options = reader.options()
    tokens = reader.rest()
    if not tokens or tokens[0].text.upper() != "SELECT":
        raise syntax_error(text, tokens[0] if tokens else None, "Expected SELECT")
    return Deploy(name, options, text[tokens[0].start:tokens[-1].end + 1], tokens)


_PARSERS = {
    "CREATE": _create,
    "DROP": _drop,
    "USE": _use,
    "SET": _set,
    "SHOW": _show,
    "DESC": _describe,
    "DESCRIBE": _describe,
    "STOP": _stop,
    "INSERT": _insert,
    "LOAD": _load,
    "DEPLOY": _deploy,
}
