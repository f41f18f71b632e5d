"""Plans a SELECT: from the engine's tree to one DuckDB statement.

The plan grows from the inside out as nested SELECTs: source tables and joins, WHERE, window
bounds, window values, and at last the select list with ORDER BY and LIMIT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlglot import exp

from . import aggregates
from . import sqltypes as T
from .aggregates import AGGREGATES
from .catalog import Table
from .errors import physical_error, plan_error
from .expressions import Scope, Translator, describe
from .filters import check_filter
from .naming import column_name
from .relations import BATCH, ONLINE_BATCH, REQUEST, FindSource, JoinKey, RelationBuilder, Subquery
from .values import Typed
from .windows import ORDER_TYPES, Window, WindowSet, check_key

_CLAUSES = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "distinct", "windows",
}
_REQUEST_REFUSES = {"where": "WHERE", "order": "ORDER BY", "limit": "LIMIT", "distinct": "DISTINCT"}


class Plan(NamedTuple):
    """A planned query.  `ordered` is the statement; `unordered` also yields `seq`."""

    ordered: str
    unordered: str
    names: list[str]
    types: list[str]
    windows: list[Window]
    joins: list[JoinKey]
    tables: list[Table]


def plan_query(
    tree: exp.Select, find: FindSource, db: str, mode: str, params: Sequence[Typed] = ()
) -> Plan:
    """Plans `tree`; unqualified tables are looked up in `db`."""
    return _Planner(find, db, mode, params).plan(tree)


class _Planner:
    def __init__(self, find: FindSource, db: str, mode: str, params: Sequence[Typed]) -> None:
        self._mode = mode
        self._params = params
        self._relations = RelationBuilder(find, db, mode, params, self._subquery)

    def plan(self, tree: exp.Select) -> Plan:
        self._check_clauses(tree)
        relation = self._relations.source(tree)
        scope = Scope(relation.columns)
        sql = relation.sql
        where = tree.args.get("where")
        if where is not None:
            if self._mode == BATCH:
                check_filter(where.this)
            condition = Translator(scope, self._params).condition(where.this, "WHERE")
            sql = f"SELECT * FROM ({sql}) WHERE {condition}"
        if tree.args.get("group") is not None or _has_aggregate(tree):
            return self._grouped(tree, scope, sql)
        if tree.args.get("having") is not None:
            raise plan_error("Un-support HAVING without GROUP BY")
        return self._plain(tree, scope, sql)

    def _subquery(self, tree: exp.Select) -> Subquery:
        plan = self.plan(tree)
        return Subquery(plan.unordered, plan.names, plan.types)

    def _check_clauses(self, tree: exp.Select) -> None:
        for clause, value in tree.args.items():
            if value and clause not in _CLAUSES:
                raise plan_error(f"Un-support clause: {clause.rstrip('_').upper()}")
            if value and self._mode == REQUEST and clause in _REQUEST_REFUSES:
                raise plan_error(f"Un-support {_REQUEST_REFUSES[clause]} in online serving")
        distinct = tree.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise plan_error("Un-support clause: DISTINCT ON")

    def _plain(self, tree: exp.Select, scope: Scope, sql: str) -> Plan:
        windows = WindowSet(
            tree.args.get("windows") or [], Translator(scope, self._params), tree.expressions, self._relations.union)
        by_spark = self._mode == BATCH and all(_is_simple(node) for node in tree.expressions)
        if by_spark and any(node.find(exp.Boolean) for node in tree.expressions):
            raise plan_error("Const value for HybridSE type kBool not supported")
        translator = Translator(scope, self._params, window=windows.call, by_spark=by_spark)
        names, items = self._select_list(tree, scope, translator)
        key = self._order_key(tree, names, items)
        relation = windows.apply(sql, keep_all=self._mode == REQUEST)
        return self._finish(tree, names, items, key, relation, windows.windows, "", "seq")

    def _grouped(self, tree: exp.Select, scope: Scope, sql: str) -> Plan:
        if self._mode == REQUEST:
            raise plan_error("Aggregate over a table cannot be supported in online serving")
        group = tree.args.get("group")
        inner = Translator(scope, self._params)
        keys = [_group_key(key, inner) for key in group.expressions] if group is not None else []
        if group is not None and not keys:
            raise plan_error("Un-support GROUP BY form: only columns can be grouped by")
        if not keys and self._mode != ONLINE_BATCH:
            raise plan_error("Un-support aggregate over a whole table: GROUP BY is needed")
        grouped = Scope([column for column in scope.columns if column.value in keys])
        translator = Translator(
            grouped, self._params, aggregate=lambda node: aggregates.over_group(aggregates.plan(node, inner))
        )
        names, items = self._select_list(tree, grouped, translator)
        for key in keys:
            check_key(key)
        order = self._order_key(tree, names, items)
        tail = f" GROUP BY {', '.join(key.sql for key in keys)}" if keys else ""
        having = tree.args.get("having")
        if having is not None and self._mode != BATCH:  # the batch engine takes HAVING, and ignores it
            tail += f" HAVING {translator.condition(having.this, 'HAVING')}"
        return self._finish(tree, names, items, order, sql, [], tail, "coalesce(min(seq), 0)")

    def _select_list(
        self, tree: exp.Select, scope: Scope, translator: Translator
    ) -> tuple[list[str], list[Typed]]:
        names: list[str] = []
        items: list[Typed] = []
        for node in tree.expressions:
            if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
                source = node.table if isinstance(node, exp.Column) else ""
                columns = scope.of_source(source)
                names += [column.name for column in columns]
                items += [column.value for column in columns]
            else:
                names.append(column_name(node))
                items.append(translator.translate(node.unalias()))
        return names, items

    def _order_key(self, tree: exp.Select, names: list[str], items: list[Typed]) -> str:
        """ORDER BY: one selected column.  NULLs come first ascending and last descending."""
        order = tree.args.get("order")
        if order is None:
            return ""
        if len(order.expressions) != 1:
            raise plan_error("Un-support order by multiple expressions currently")
        node, descends = order.expressions[0].this, order.expressions[0].args.get("desc")
        if not isinstance(node, exp.Column):
            raise plan_error("Un-support order expression type, expect column expression")
        if node.name not in names:
            raise physical_error(f"Fail to find column {node.name} of ORDER BY in the select list")
        position = names.index(node.name)
        if items[position].type not in ORDER_TYPES:
            raise physical_error(f"Invalid Order column type : {items[position].type}")
        return f"y{position} {'DESC NULLS LAST' if descends else 'ASC NULLS FIRST'}, "

    def _finish(
        self, tree: exp.Select, names: list[str], items: list[Typed], key: str,
        sql: str, windows: list[Window], tail: str, seq: str,
    ) -> Plan:
        outputs = ", ".join(f"y{i}" for i in range(len(items)))
        selected = ", ".join(f"{item.sql} AS y{i}" for i, item in enumerate(items))
        unordered = f"SELECT {selected}, {seq} AS seq FROM ({sql}){tail}"
        if tree.args.get("distinct") is not None and self._mode != BATCH:  # the batch engine ignores it
            unordered = f"SELECT {outputs}, min(seq) AS seq FROM ({unordered}) GROUP BY {outputs}"
        ordered = f"SELECT {outputs} FROM ({unordered}) ORDER BY {key}seq{_limit(tree)}"
        types = [item.type for item in items]
        if self._mode == BATCH and T.NULL in types:
            raise plan_error("HybridSE schema type kNull not supported")
        return Plan(ordered, unordered, names, types, windows, self._relations.joins, self._relations.tables)


def _limit(tree: exp.Select) -> str:
    limit = tree.args.get("limit")
    if limit is None:
        return ""
    count = limit.expression
    if not isinstance(limit, exp.Limit) or not isinstance(count, exp.Literal) or not count.this.isdigit():
        raise plan_error("Un-support LIMIT form: only a constant number")
    return f" LIMIT {int(count.this)}"


def _has_aggregate(tree: exp.Select) -> bool:
    """Whether the select list or HAVING aggregates without OVER."""
    roots = [*tree.expressions, *([tree.args["having"]] if tree.args.get("having") is not None else [])]
    return any(
        isinstance(node, exp.Anonymous)
        and node.name.lower() in AGGREGATES
        and not isinstance(node.parent, exp.Window)
        for root in roots
        for node in root.find_all(exp.Anonymous)
    )


def _group_key(node: exp.Expression, translator: Translator) -> Typed:
    if not isinstance(node, exp.Column):
        raise plan_error(f"Un-support GROUP BY form: {describe(node)}, only columns can be grouped by")
    return translator.translate(node)


def _is_simple(node: exp.Expression) -> bool:
    """Nothing but columns, constants and casts of them: what the batch engine leaves to Spark."""
    if isinstance(node, exp.Alias):
        return _is_simple(node.this)
    if isinstance(node, exp.Anonymous) and T.parse_type(node.name) is not None:
        return all(_is_simple(arg) for arg in node.expressions)
    if isinstance(node, (exp.Cast, exp.Paren, exp.Neg)):
        return _is_simple(node.this)
    return isinstance(node, (exp.Column, exp.Star, exp.Literal, exp.Boolean, exp.Null))
