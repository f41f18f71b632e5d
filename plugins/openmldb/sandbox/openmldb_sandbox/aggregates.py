"""The aggregate functions, planned once and rendered three ways.

An aggregate is computed over a GROUP BY group, over a window frame DuckDB can express, or over an
explicit list of the frame's values (for frames with a hole in them).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from . import list_aggregates
from . import sqltypes as T
from .cate_aggregates import shown
from .errors import physical_error
from .list_aggregates import LIST_AGGREGATES, ListAggregate
from .values import Typed, wrap

if TYPE_CHECKING:
    from .expressions import Translator

_PLAIN = {"count", "sum", "min", "max", "avg", "distinct_count", "first_value", "last_value", "lag", "at", "top"}
_WHERE = {f"{name}_where": name for name in ("count", "sum", "min", "max", "avg")}
AGGREGATES = _PLAIN | set(_WHERE) | LIST_AGGREGATES

_ENDS = ("first_value", "last_value")
_NEEDS_ORDER = {*_ENDS, "lag"}
_ORDERED_TYPES = (*T.NUMBERS, T.STRING, T.DATE, T.TIMESTAMP)


class Aggregate(NamedTuple):
    """`name` is without its `_where`; `value` is None for count(*); `n` is lag's or top's number; `of_list` is for those of a list."""

    name: str
    value: Typed | None
    n: int = 0
    of_list: ListAggregate | None = None

    @property
    def type(self) -> str:
        if self.of_list is not None:
            return self.of_list.type
        if self.name in ("count", "distinct_count"):
            return T.INT64
        if self.name == "avg":
            return T.DOUBLE
        return T.STRING if self.name == "top" else self.value.type


def plan(node: exp.Expression, translator: Translator) -> Aggregate:
    """Checks a call and folds `_where` conditions into its value."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() not in AGGREGATES:
        shown = f"{node.name}()" if isinstance(node, exp.Anonymous) else node.key.upper()
        raise physical_error(f"Fail to resolve function: {shown} over a window is not supported")
    name, args = node.name.lower(), list(node.expressions)
    name = "lag" if name == "at" else name
    if name in LIST_AGGREGATES:
        of_list = list_aggregates.plan(name, args, translator)
        return Aggregate(name, Typed(of_list.item, "item"), 0, of_list)
    leaves_out_nulls = name in _ENDS and len(args) == 2 and isinstance(args[1], exp.Boolean)
    if leaves_out_nulls:
        leaves_out_nulls = bool(args.pop().this)
    expected = 2 if name in _WHERE or name in ("lag", "top") else 1
    if len(args) != expected:
        raise physical_error(f"Fail to resolve function: {name}() takes {expected} argument(s)")
    if any(isinstance(arg, exp.Distinct) for arg in args):
        raise physical_error(f"Un-support expression: {name}(DISTINCT ...), use distinct_count()")
    base = _WHERE.get(name, name)
    if isinstance(args[0], exp.Star):
        if base != "count":
            raise physical_error(f"Fail to resolve function: {name}(*) is not supported")
        value = Typed("1", T.INT32) if name in _WHERE else None
    else:
        value = translator.translate(args[0])
        _check_type(name, value)
        if name in _NEEDS_ORDER and not isinstance(args[0], exp.Column):
            raise physical_error(f"Fail to resolve expression: {name}() takes a column, and nothing computed")
        if leaves_out_nulls:
            of_list = list_aggregates.end_without_nulls(name, value)
            return Aggregate(name, value, 0, of_list)
    if name in _WHERE:
        condition = translator.condition(args[1], f"condition of {name}()")
        if base in ("sum", "avg"):
            # the engine leaves out zeros: of zeros alone there is no sum, and they do not count for the average
            value = Typed(f"nullif({value.sql}, 0)", value.type)
        value = Typed(f"CASE WHEN {condition} THEN {value.sql} END", value.type)
    n = _constant(name, args[1]) if name in ("lag", "top") else 0
    return Aggregate(base, value, n)


def _check_type(name: str, value: Typed) -> None:
    if name in ("count", "count_where", "distinct_count", "lag", *_ENDS):
        return
    if value.type not in (_ORDERED_TYPES if name in ("min", "max", "top") else T.NUMBERS):
        raise physical_error(f"Fail to resolve function: {name}({value.type}) is not supported")


def _constant(name: str, node: exp.Expression) -> int:
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdigit():
        raise physical_error(f"Fail to resolve function: {name}() needs a constant number of rows")
    n = int(node.this)
    if n > 1_000_000 or (name == "top" and n == 0):
        raise physical_error(f"Fail to resolve function: number of rows of {name}() out of range: {n}")
    return n


def over_group(aggregate: Aggregate) -> Typed:
    """The aggregate of a GROUP BY group."""
    if aggregate.name in _NEEDS_ORDER or (aggregate.of_list is not None and aggregate.of_list.needs_order):
        raise physical_error(f"Fail to resolve function: {aggregate.name}() needs a window")
    return _render(aggregate, "")


def over_frame(aggregate: Aggregate, partition: str, order: str, frame: str) -> Typed:
    """The aggregate of a contiguous frame.  lag looks along the partition and ignores the frame."""
    if aggregate.name == "lag":
        over = f"OVER ({partition} ORDER BY {order})"
        return Typed(f"lag({aggregate.value.sql}, {aggregate.n}) {over}", aggregate.type)
    over = f" OVER ({partition} ORDER BY {order} {frame})"
    if aggregate.name in _ENDS and aggregate.of_list is None:
        return Typed(f"{aggregate.name}({aggregate.value.sql}){over}", aggregate.type)
    return _render(aggregate, over)


def _render(aggregate: Aggregate, over: str) -> Typed:
    name, type_ = aggregate.name, aggregate.type
    if aggregate.value is None:
        return Typed(f"count(*){over}", type_)
    value = aggregate.value.sql
    if aggregate.of_list is not None:
        return over_list(aggregate, f"coalesce(list({value}){over}, [])")
    if name == "sum":
        return Typed(_narrow_sum(f"sum({value}){over}", type_), type_)
    if name == "avg":
        return Typed(f"avg(CAST({value} AS DOUBLE)){over}", type_)
    if name == "distinct_count":
        return Typed(f"count(DISTINCT {_distinct_key(aggregate.value)}){over}", type_)
    if name == "top":
        return Typed(_join(f"max({value}, {aggregate.n}){over}", aggregate.value.type), type_)
    return Typed(f"{name}({value}){over}", type_)


def over_list(aggregate: Aggregate, values: str) -> Typed:
    """The aggregate of a list that holds the frame's values, oldest first, NULLs included."""
    name, type_ = aggregate.name, aggregate.type
    if aggregate.of_list is not None:
        return Typed(f"CAST({aggregate.of_list.render(values)} AS {T.DUCKDB[type_]})", type_)
    if aggregate.value is None:
        return Typed(f"coalesce(CAST(len({values}) AS BIGINT), 0)", type_)
    if name == "count":
        return Typed(f"coalesce(CAST(list_count({values}) AS BIGINT), 0)", type_)
    if name == "distinct_count":
        shown = _distinct_key(Typed("e", aggregate.value.type))
        return Typed(f"coalesce(CAST(list_unique(list_transform({values}, lambda e: {shown})) AS BIGINT), 0)", type_)
    if name == "sum":
        return Typed(_narrow_sum(f"list_sum({values})", type_), type_)
    if name in _ENDS:
        return Typed(f"list_extract({values}, {1 if name == 'first_value' else -1})", type_)
    if name == "top":
        present = f"list_filter({values}, lambda e: e IS NOT NULL)"
        largest = f"list_slice(list_reverse_sort({present}), 1, {aggregate.n})"
        return Typed(_join(largest, aggregate.value.type), type_)
    return Typed(f"list_{name}({values})", type_)


def _narrow_sum(sql: str, type_: str) -> str:
    if type_ in T.INTEGERS:
        return wrap(sql, type_)
    return f"CAST({sql} AS {T.DUCKDB[type_]})"


def _distinct_key(value: Typed) -> str:
    """NULL counts as the zero of its type; no date is the zero of dates."""
    zero = {T.STRING: "''", T.DATE: "DATE '0001-01-01'", T.BOOL: "FALSE"}.get(value.type, "0")
    return f"coalesce({value.sql}, {zero})"


def _join(values: str, type_: str) -> str:
    """Comma-joined text; no values at all make an empty string."""
    return f"coalesce(array_to_string(list_transform({values}, lambda e: {shown(Typed('e', type_))}), ','), '')"
