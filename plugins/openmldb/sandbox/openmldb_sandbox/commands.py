"""The statements the sandbox knows, as plain data.  `statements` reads them, `engine` runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlglot.tokens import Token

from .catalog import ColumnDef, Index
from .config_clause import Config


@dataclass
class CreateDatabase:
    """CREATE DATABASE."""

    name: str
    if_not_exists: bool


@dataclass
class DropDatabase:
    """DROP DATABASE."""

    name: str
    if_exists: bool


@dataclass
class Use:
    """USE."""

    name: str


@dataclass
class CreateTable:
    """CREATE TABLE; `db` is empty where the statement names none."""

    db: str
    name: str
    columns: list[ColumnDef]
    indexes: list[Index]
    options: dict[str, Any]
    if_not_exists: bool


@dataclass
class DropTable:
    """DROP TABLE."""

    db: str
    name: str
    if_exists: bool


@dataclass
class SetVariable:
    """SET of a session or global variable, in lower case."""

    name: str
    value: str
    is_global: bool


@dataclass
class Show:
    """`what` is one of the words of SHOW; `db`, `name` and `pattern` as far as given."""

    what: str
    db: str = ""
    name: str = ""
    pattern: str | None = None


@dataclass
class Describe:
    """DESC."""

    db: str
    name: str


@dataclass
class StopJob:
    """STOP JOB."""

    id: int


@dataclass
class Insert:
    """INSERT of constants; `columns` is empty where all are meant."""

    db: str
    name: str
    columns: list[str]
    rows: list[list[Any]]


@dataclass
class LoadData:
    """LOAD DATA INFILE."""

    path: str
    db: str
    name: str
    options: dict[str, Any]


@dataclass
class Select:
    """A query, still as tokens, and what its CONFIG says."""

    tokens: list[Token]
    config: Config = field(default_factory=Config)


@dataclass
class SelectInto:
    """A query whose rows go to files."""

    tokens: list[Token]
    path: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Deploy:
    """DEPLOY; `select` is the text of the deployed query."""

    name: str
    options: dict[str, Any]
    select: str
    tokens: list[Token]


@dataclass
class DropDeployment:
    """DROP DEPLOYMENT."""

    db: str
    name: str
