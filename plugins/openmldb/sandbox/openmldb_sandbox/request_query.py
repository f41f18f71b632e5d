"""A query whose CONFIG gives the request rows itself: computed as a deployment's call is, without a deployment."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlglot import exp
from sqlglot.tokens import Token

from .commands import Select
from .deploy import Deployments
from .dialect import parse_query
from .errors import command_error, plan_error
from .query import plan_query
from .relations import ONLINE_BATCH
from .store import Store
from .tables import Tables


class RequestQuery:
    """Runs over the online rows of one set of storages."""

    def __init__(self, store: Store, tables: Tables, deployments: Deployments) -> None:
        self._store = store
        self._tables = tables
        self._deployments = deployments

    def run(self, statement: Select, tree: exp.Select, text: str, db: str) -> tuple[list[str], list[str], list[list[Any]]]:
        """Names, types, and a row for each of `values`."""
        if not statement.config.rows:
            raise plan_error("Un-support CONFIG execute_mode 'request' without values")
        compiled = self._deployments.compile_query(tree, db)
        rows = []
        for tokens in statement.config.rows:
            given = self._values([statement.tokens[0], *tokens], text, db)
            if len(given) != len(compiled.table.columns):
                raise command_error(
                    f"CONFIG values has {len(given)} expressions, and table {compiled.table.name} {len(compiled.table.columns)} columns")
            try:
                row = self._deployments.input_row(compiled, given)
            except ValueError as error:
                raise command_error(f"CONFIG values: {error}") from None
            rows.append(self._deployments.call(compiled, row))
        return compiled.plan.names, compiled.plan.types, rows

    def _values(self, tokens: list[Token], text: str, db: str) -> list[Any]:
        """What the expressions come to: they see no table."""
        plan = plan_query(parse_query(tokens, text), self._tables.find_online, db, ONLINE_BATCH)
        with self._store.cursor() as cursor:
            row = cursor.execute(plan.ordered).fetchone()
        return [str(value) if isinstance(value, dt.date) else value for value in row]
