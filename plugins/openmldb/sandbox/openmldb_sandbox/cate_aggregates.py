"""The aggregates by category: `sum_cate(v, k)` and its kin, as text `k:v,k:v`.

Each has a form with a condition (`_where`) and two that keep some of the categories: those of the largest keys (`top_n_key_`) or of the largest
values (`top_n_value_`), both in descending order. The ratio of a category is the share of its rows that the condition holds for.
"""

from __future__ import annotations

from typing import NamedTuple

from . import sqltypes as T
from .errors import physical_error
from .values import Typed, to_string, wrap

_KEYS = (*T.INTEGERS, T.DATE, T.TIMESTAMP, T.STRING)
_ANY = (*T.NUMBERS, T.BOOL, T.DATE, T.TIMESTAMP, T.STRING)
# a text of the engine's ends before it is longer, at a whole category
_MAX_BYTES = 4096


class CateCall(NamedTuple):
    """`base` is what is computed of a category's values; `order` is what the kept ones are chosen by, empty for all."""

    name: str
    base: str
    has_condition: bool
    order: str

    @property
    def has_bound(self) -> bool:
        return bool(self.order)


def _names() -> dict[str, CateCall]:
    calls = []
    for base in ("count", "sum", "min", "max", "avg"):
        calls += [CateCall(f"{base}_cate", base, False, ""), CateCall(f"{base}_cate_where", base, True, "")]
        calls += [CateCall(f"top_n_{order}_{base}_cate_where", base, True, order) for order in ("key", "value")]
    calls += [CateCall(f"top_n_{order}_ratio_cate", "ratio", True, order) for order in ("key", "value")]
    return {call.name: call for call in calls}


CATE_NAMES = _names()


def shown(value: Typed) -> str:
    """A value as these aggregates and `top` print it: floating numbers with six decimals."""
    if value.type in (T.FLOAT, T.DOUBLE):
        return f"format('{{:f}}', CAST({value.sql} AS DOUBLE))"
    return to_string(value).sql


def cate_item(call: CateCall, value: Typed, category: Typed, condition: str) -> str:
    """What a row adds: its category, value and condition; NULL where it does not count."""
    if category.type not in _KEYS:
        raise physical_error(f"Fail to resolve function: {call.name}() by {category.type} is not supported")
    if value.type not in (_ANY if call.base in ("count", "ratio") else T.NUMBERS):
        raise physical_error(f"Fail to resolve function: {call.name}({value.type}) is not supported")
    known = f"{value.sql} IS NOT NULL AND {category.sql} IS NOT NULL"
    counts = f"coalesce({condition}, FALSE)" if condition else "TRUE"
    if call.base != "ratio":
        known += f" AND {counts}"
    return f"CASE WHEN {known} THEN {{'k': {category.sql}, 'v': {value.sql}, 'c': {counts}}} END"


def render_cate(call: CateCall, value_type: str, key_type: str, n: int) -> str:
    """The text of the list `l` of items."""
    rows = "list_filter(l, lambda e: e.k = q)"
    # the newest first, as the engine adds them up
    values = f"list_reverse(list_transform({rows}, lambda e: e.v))"
    result, type_ = _value(call.base, values, rows, value_type)
    keys = "list_sort(list_distinct(list_transform(l, lambda e: e.k)))"
    groups = f"list_transform({keys}, lambda q: {{'v': {result}, 'k': q}})"
    if call.order == "key":
        groups = f"list_reverse({groups})"
    elif call.order == "value":
        groups = f"list_reverse_sort({groups})"
    if call.order and n >= 0:
        groups = f"list_slice({groups}, 1, {n})"
    texts = f"list_transform({groups}, lambda g: {shown(Typed('g.k', key_type))} || ':' || {shown(Typed('g.v', type_))})"
    fits = f"list_sum(list_transform(list_slice(t, 1, i), lambda x: strlen(x) + 1)) <= {_MAX_BYTES}"
    kept = f"list_transform(list_filter(range(1, len(t) + 1), lambda i: {fits}), lambda i: t[i])"
    return f"list_transform([{texts}], lambda t: coalesce(array_to_string({kept}, ','), ''))[1]"


def _value(base: str, values: str, rows: str, type_: str) -> tuple[str, str]:
    """What is computed of a category, and its type."""
    if base == "count":
        return f"len({values})", T.INT64
    if base in ("min", "max"):
        return f"list_{base}({values})", type_
    if base == "sum" and type_ in T.INTEGERS:
        return wrap(f"list_sum({values})", type_), type_
    if base == "sum":  # of floats, each step is a float
        return f"list_reduce({values}, lambda a, b: CAST(a + b AS {T.DUCKDB[type_]}))", type_
    if base == "avg":
        return f"(list_sum(list_transform({values}, lambda v: CAST(v AS DOUBLE))) / len({values}))", T.DOUBLE
    return f"(CAST(len(list_filter({rows}, lambda e: e.c)) AS DOUBLE) / len({rows}))", T.DOUBLE
