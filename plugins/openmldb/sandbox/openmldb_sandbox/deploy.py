"""Deployments: DEPLOY's checks, and calls in request mode.

A call computes the deployed query for one more row without storing it: the request row is put
behind the online rows that share a window's keys, as the newest arrival, and of the result only
its own row is kept.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from sqlglot import exp

from . import sqltypes as T
from .catalog import Catalog, Deployment, Index, Table
from .commands import Deploy
from .dialect import parse_query, tokenize
from .errors import SqlError, command_error, plan_error, server_error
from .query import Plan, plan_query
from .relations import REQUEST, Source
from .store import ONLINE, Store
from .tables import Tables
from .windows import Window

_REQUEST_SEQ = 1 << 62


class Compiled(NamedTuple):
    """A deployment ready to be called; `sql` has one parameter per input column."""

    deployment: Deployment
    table: Table
    plan: Plan
    sql: str


class Deployments:
    """The deployments of all databases."""

    def __init__(self, catalog: Catalog, store: Store, tables: Tables) -> None:
        self._catalog = catalog
        self._store = store
        self._tables = tables
        self._compiled: dict[tuple[str, str], Compiled] = {}

    def deploy(self, statement: Deploy, text: str, db: str) -> None:
        """DEPLOY.  IF NOT EXISTS was parsed and means nothing, as in the engine."""
        if not self._catalog.has_database(db):
            raise command_error("database is empty" if not db else f"database {db} not found")
        tree = parse_query(statement.tokens, text)
        options = {key: str(value) for key, value in statement.options.items()}
        text = f"DEPLOY {statement.name} {statement.select}"
        deployment = Deployment(db, statement.name, statement.select, text, options)
        compiled = self._compile(deployment, tree)
        needed = _needed_indexes(compiled)
        missing = [index for index in needed if not index[0].has_index(*index[1:])]
        with self._store.write():
            if self._catalog.find_deployment(db, statement.name) is not None:
                if any(self._catalog.online_rows(table) for table, _, _ in missing):
                    raise server_error("deploy failed", "deployment already exists", 157)
                raise server_error("ns create procedure failed", "store procedure already exists")
            for table, keys, ts in missing:
                self._catalog.add_index(table, Index("", list(keys), ts))
            self._catalog.save_deployment(deployment)
        self._compiled[db, statement.name] = compiled

    def drop(self, db: str, name: str) -> None:
        self._catalog.drop_deployment(db, name)
        self._compiled.pop((db, name), None)

    def using(self, db: str, table: str) -> list[str]:
        """The names of the deployments that read a table."""
        everywhere = [d for name in self._catalog.databases() for d in self._catalog.deployments(name)]
        return [
            d.name for d in everywhere
            if any((t.db, t.name) == (db, table) for t in self.compiled(d).plan.tables)
        ]

    def compiled(self, deployment: Deployment) -> Compiled:
        key = (deployment.db, deployment.name)
        if key not in self._compiled:
            tree = parse_query(tokenize(deployment.select), deployment.select)
            self._compiled[key] = self._compile(deployment, tree)
        return self._compiled[key]

    def compile_query(self, tree: exp.Select, db: str) -> Compiled:
        """A query to be called without being deployed."""
        return self._compile(Deployment(db, "", "", ""), tree)

    def _compile(self, deployment: Deployment, tree: exp.Select) -> Compiled:
        first: list[Table] = []

        def find(db: str, name: str, is_first: bool) -> Source:
            source = self._tables.find_online(db, name, is_first)
            if not is_first:
                return source
            first.append(source.table)
            return Source(source.table, "request_rows")

        plan = plan_query(tree, find, deployment.db, REQUEST)
        if not first:
            raise plan_error("Un-support SELECT without a table in online serving")
        table = first[0]
        outputs = ", ".join(f"y{i}" for i in range(len(plan.names)))
        sql = (
            f"WITH request_rows AS ({_request_rows(table, plan.windows)}) "
            f"SELECT {outputs} FROM ({plan.unordered}) WHERE seq = {_REQUEST_SEQ}"
        )
        return Compiled(deployment, table, plan, sql)

    def call(self, compiled: Compiled, row: list[Any]) -> list[Any]:
        """The output row of one request row."""
        with self._store.cursor() as cursor:
            return list(cursor.execute(compiled.sql, row).fetchone())

    def input_row(self, compiled: Compiled, value: Any) -> list[Any]:
        """A JSON row (array, or object by column name) as parameters; ValueError says why not."""
        columns = compiled.table.columns
        if isinstance(value, dict):
            absent = next((column.name for column in columns if column.name not in value), None)
            if absent is not None:
                raise ValueError(f"column {absent} is missing")
            value = [value[column.name] for column in columns]
        row = []
        for column, cell in zip(columns, value):
            if cell is None and column.not_null:
                raise ValueError(f"column {column.name} is NOT NULL")
            try:
                row.append(T.from_json(cell, column.type))
            except ValueError:
                raise ValueError(f"column {column.name} of type {column.type} cannot take {cell!r}") from None
        return row


def _request_rows(table: Table, windows: list[Window]) -> str:
    """The request row, and those online rows some window can see from it."""
    columns = ", ".join(f"c{i}" for i in range(len(table.columns)))
    row = [f"CAST(${i + 1} AS {T.DUCKDB[type_]}) AS c{i}" for i, type_ in enumerate(table.types)]
    request = f"SELECT {', '.join(row)}, {_REQUEST_SEQ} AS seq"
    if not windows:
        return request
    key_sets = {frozenset(_key_columns(table, window)) for window in windows}
    # rows that agree on more keys are among those that agree on fewer
    smallest = [keys for keys in key_sets if not any(other < keys for other in key_sets)]
    conditions = []
    for keys in sorted(smallest, key=sorted):
        tests = [f"c{i} IS NOT DISTINCT FROM CAST(${i + 1} AS {T.DUCKDB[table.types[i]]})" for i in sorted(keys)]
        conditions.append("(" + " AND ".join(tests) + ")")
    stored = f"SELECT {columns}, seq FROM {ONLINE}.t{table.tid} WHERE {' OR '.join(conditions)}"
    return f"{stored} UNION ALL {request}"


def _column_position(table: Table, sql: str, what: str) -> int:
    """The main table's column behind a plan column: the planner numbers its columns first."""
    match = re.fullmatch(r"x(\d+)", sql)
    if not match or int(match[1]) >= len(table.columns):
        raise plan_error(f"Un-support {what} in online serving: must be a column of table {table.name}")
    return int(match[1])


def _key_columns(table: Table, window: Window) -> list[int]:
    return [_column_position(table, key.sql, "PARTITION BY expression") for key in window.keys]


def _needed_indexes(compiled: Compiled) -> list[tuple[Table, tuple[str, ...], str]]:
    """An index for each window (keys and time) and each LAST JOIN (equality columns)."""
    table = compiled.table
    needed = []
    for window in compiled.plan.windows:
        keys = tuple(table.columns[i].name for i in _key_columns(table, window))
        order = table.columns[_column_position(table, window.order.sql, "ORDER BY expression")]
        if order.type not in (T.TIMESTAMP, T.INT64):
            raise SqlError(2000, f"Un-support index TS column {order.name}: must be bigint or timestamp")
        needed.append((table, keys, order.name))
    for join in compiled.plan.joins:
        needed.append((join.table, join.columns, join.ts))
    return needed
