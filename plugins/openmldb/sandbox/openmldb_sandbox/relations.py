"""Builds what a SELECT reads from: tables, subqueries and their joins as one DuckDB relation.

Relations have columns x0, x1, ... unique in the query, and `seq`, the order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlglot import exp

from .catalog import Table
from .errors import physical_error, plan_error
from .expressions import Column, Scope, Translator, describe
from .filters import check_filter
from .values import Typed
from .windows import ORDER_TYPES, check_key

BATCH, ONLINE_BATCH, REQUEST = "batch", "online", "request"


class Source(NamedTuple):
    """A table and the DuckDB relation to read it from, with columns c0, c1, ... and seq."""

    table: Table
    sql: str


FindSource = Callable[[str, str, bool], Source]
"""(db, table, is the query's first table) -> Source; raises when there is no such table."""


class JoinKey(NamedTuple):
    """The equality columns of a LAST JOIN on a right table: the index a deployment needs."""

    table: Table
    columns: tuple[str, ...]
    ts: str


class Relation(NamedTuple):
    """A DuckDB SELECT and the engine's names of its columns."""

    sql: str
    columns: list[Column]


class Subquery(NamedTuple):
    """A planned subquery: a DuckDB SELECT with columns y0, y1, ... and `seq`."""

    sql: str
    names: list[str]
    types: list[str]


class RelationBuilder:
    """Serves one query with its subqueries; notes the tables read and the indexes joins need."""

    def __init__(
        self, find: FindSource, db: str, mode: str, params: Sequence[Typed],
        plan_subquery: Callable[[exp.Select], Subquery],
    ) -> None:
        self._find = find
        self._db = db
        self._mode = mode
        self._params = params
        self._plan_subquery = plan_subquery
        self._next_column = 0
        self.joins: list[JoinKey] = []
        self.tables: list[Table] = []

    def source(self, tree: exp.Select) -> Relation:
        source = tree.args.get("from_")
        if source is None:
            return Relation("SELECT 0 AS seq", [])
        relation = self._relation(source.this, is_first=True)
        for join in tree.args.get("joins") or []:
            relation = self._join(relation, join)
        return relation

    def _relation(self, node: exp.Expression, is_first: bool) -> Relation:
        if node.args.get("joins"):
            raise plan_error("Un-support nested join")
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
            return self._subquery(node)
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise plan_error(f"Un-support table expression: {describe(node)}")
        source = self._find(node.db or self._db, node.name, is_first)
        self.tables.append(source.table)
        alias = node.alias or node.name
        columns, selected = [], []
        for position, column in enumerate(source.table.columns):
            name = self._new_column()
            columns.append(Column(alias, column.name, Typed(name, column.type)))
            selected.append(f"c{position} AS {name}")
        return Relation(f"SELECT {', '.join(selected)}, seq FROM {source.sql}", columns)

    def _subquery(self, node: exp.Subquery) -> Relation:
        if self._mode == REQUEST:
            raise plan_error("Un-support subquery in online serving")
        if node.this.args.get("order") or node.this.args.get("limit"):
            raise plan_error("Un-support ORDER BY or LIMIT in a subquery")
        inner = self._plan_subquery(node.this)
        columns, selected = [], []
        for position, (name, type_) in enumerate(zip(inner.names, inner.types)):
            column = self._new_column()
            columns.append(Column(node.alias, name, Typed(column, type_)))
            selected.append(f"y{position} AS {column}")
        return Relation(f"SELECT {', '.join(selected)}, seq FROM ({inner.sql})", columns)

    def union(self, node: exp.Expression) -> Relation:
        """A table or subquery of WINDOW ... UNION."""
        if self._mode == REQUEST:
            raise plan_error("Un-support WINDOW ... UNION in a deployment of the sandbox")
        return self._relation(node, is_first=False)

    def _new_column(self) -> str:
        self._next_column += 1
        return f"x{self._next_column - 1}"

    def _join(self, left: Relation, join: exp.Join) -> Relation:
        side, kind = join.args.get("side") or "", join.kind
        is_last = kind == "LAST" and not side
        if not is_last and (side != "LEFT" or kind not in ("", "OUTER") or join.method):
            shown = " ".join(word for word in (join.method, side, kind) if word) or "INNER"
            raise plan_error(f"Un-support join type: {shown} JOIN, use LAST JOIN or LEFT JOIN")
        if self._mode == REQUEST and not is_last:
            raise plan_error("Un-support LEFT JOIN in online serving")
        if join.args.get("on") is None:
            raise plan_error("Un-support join without ON")
        right = self._relation(join.this, is_first=False)
        scope = Scope(left.columns + right.columns)
        if self._mode == BATCH:
            check_filter(join.args["on"], is_join=True)
        condition = Translator(scope, self._params).condition(join.args["on"], "join condition")
        added = ", ".join(f"r.{column.value.sql}" for column in right.columns)
        pair = f"({left.sql}) l LEFT JOIN (SELECT * RENAME (seq AS right_seq) FROM ({right.sql})) r ON {condition}"
        if is_last:
            newest = self._last_join_order(join, right)
            has_key = bool(_equality_columns(join.args["on"], right))
            # of equals, online storage gives the newest arrival first; the batch engine takes the oldest of those
            # that it found by a key and ordered, or neither
            arrival = "right_seq" if self._mode == BATCH and bool(newest) == has_key else "right_seq DESC"
            sql = (
                f"SELECT l.*, {added} FROM {pair} QUALIFY row_number() OVER "
                f"(PARTITION BY l.seq ORDER BY {newest}{arrival}) = 1"
            )
        else:
            renumbered = "row_number() OVER (ORDER BY l.seq, right_seq) AS seq"
            sql = f"SELECT l.* EXCLUDE (seq), {added}, {renumbered} FROM {pair}"
        return Relation(sql, scope.columns)

    def _last_join_order(self, join: exp.Join, right: Relation) -> str:
        """The ORDER BY of a LAST JOIN as a prefix; also notes the index the join needs."""
        order = join.args.get("match_condition")
        text, ts = "", ""
        if order is not None:
            node = order.expressions[0].this
            if len(order.expressions) != 1 or not isinstance(node, exp.Column):
                raise plan_error("Un-support LAST JOIN: ORDER BY must name one column")
            value = Translator(Scope(right.columns)).translate(node)
            if value.type not in ORDER_TYPES:
                raise physical_error(f"Invalid Order column type : {value.type}")
            # last in that order wins, so a descending one is for the smallest
            direction = "ASC NULLS FIRST" if order.expressions[0].args.get("desc") else "DESC NULLS LAST"
            text, ts = f"{value.sql} {direction}, ", node.name
        equal = _equality_columns(join.args["on"], right)
        for column in right.columns:
            if column.name in equal:
                check_key(column.value)
        if self._mode == REQUEST and not equal:
            raise plan_error("Un-support LAST JOIN without an equality on the right table in online serving")
        if isinstance(join.this, exp.Table):
            # the right table is the one read last
            self.joins.append(JoinKey(self.tables[-1], equal, ts))
        return text


def _equality_columns(condition: exp.Expression, right: Relation) -> tuple[str, ...]:
    """The right table's columns that top-level equalities of a join condition bind."""
    mine = {(column.source, column.name) for column in right.columns}
    found = []
    for test in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        if not isinstance(test, exp.EQ):
            continue
        for side in (test.this, test.expression):
            if isinstance(side, exp.Column) and (side.table, side.name) in mine:
                found.append(side.name)
    return tuple(found)


