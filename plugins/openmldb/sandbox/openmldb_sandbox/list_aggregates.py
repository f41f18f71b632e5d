"""Aggregates that need all values of their rows at once: each is an item per row, and an expression over the list of the items.

The lists hold the rows of a frame, the oldest first; for a group they have no order, and aggregates that need one are refused there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from sqlglot import exp

from . import sqltypes as T
from .cate_aggregates import CATE_NAMES, CateCall, cate_item, render_cate, shown
from .errors import physical_error
from .values import Typed, coerce, to_float, wrap

if TYPE_CHECKING:
    from .expressions import Translator

# topn_frequency gives no more
_MOST_FREQUENT = 1024


class ListAggregate(NamedTuple):
    """`item` is what a row adds to the list; `render` makes the value of `type` of a list's SQL."""

    name: str
    item: str
    type: str
    render: Callable[[str], str]
    needs_order: bool = False


def plan(name: str, args: list[exp.Expression], translator: Translator) -> ListAggregate:
    """Checks a call of one of LIST_AGGREGATES."""
    if name in CATE_NAMES:
        return _cate(CATE_NAMES[name], args, translator)
    if name == "nth_value_where":
        return _nth_value_where(args, translator)
    builder, types, count = _SIMPLE[name]
    _check_count(name, args, count)
    value = translator.translate(args[0])
    _check_type(name, value, types)
    return builder(name, value, args[1:])


def _check_count(name: str, args: list[exp.Expression], count: int) -> None:
    if len(args) != count:
        raise physical_error(f"Fail to resolve function: {name}() takes {count} argument(s)")


def _check_type(name: str, value: Typed, types: tuple[str, ...]) -> None:
    if value.type not in types:
        raise physical_error(f"Fail to resolve function: {name}({value.type}) is not supported")


def integer_constant(name: str, node: exp.Expression) -> int:
    """A whole number as it stands in the query, with a sign or without."""
    is_negative = isinstance(node, exp.Neg)
    inner = node.this if is_negative else node
    if not isinstance(inner, exp.Literal) or inner.is_string or not inner.this.isdigit() or int(inner.this) > 2**31 - 1:
        raise physical_error(f"Fail to resolve function: {name}() needs a constant integer")
    return -int(inner.this) if is_negative else int(inner.this)


def _present(values: str) -> str:
    return f"list_filter({values}, lambda e: e IS NOT NULL)"


def _bound(values: str, expression: str) -> str:
    """An expression over `l`, the list, which is computed once."""
    return f"list_transform([{values}], lambda l: {expression})[1]"


# --- by frequency -----------------------------------------------------------------------------------------------------

def _frequencies() -> str:
    """Of the list l, without NULLs: a struct for each value, the most frequent first, of equals the smallest."""
    counted = "list_transform(list_distinct(l), lambda k: {'n': -len(list_filter(l, lambda e: e = k)), 'k': k})"
    return f"list_sort({counted})"


def _topn_frequency(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
    n = min(integer_constant(name, rest[0]), _MOST_FREQUENT)
    if n < 0:
        raise physical_error("Fail to resolve function: topn_frequency() needs a number that is not negative")

    def render(values: str) -> str:
        keys = f"list_transform({_frequencies()}, lambda e: {shown(Typed('e.k', value.type))})"
        padded = f"list_slice(list_concat({keys}, list_transform(range({n}), lambda i: 'NULL')), 1, {n})"
        text = f"array_to_string({padded}, ',')"
        return f"CASE WHEN len({values}) > 0 THEN {_bound(_present(values), text)} ELSE '' END"

    return ListAggregate(name, value.sql, T.STRING, render)


def _top1_ratio(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
    ratio = f"CASE WHEN len(l) > 0 THEN CAST(-({_frequencies()}[1].n) AS DOUBLE) / len(l) ELSE CAST(0 AS DOUBLE) END"
    return ListAggregate(name, value.sql, T.DOUBLE, lambda values: _bound(_present(values), ratio))


def _entropy(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
    share = "(CAST(e.n AS DOUBLE) / -len(l))"
    summed = f"list_sum(list_transform({_frequencies()}, lambda e: -({share} * log2({share}))))"
    return ListAggregate(name, value.sql, T.DOUBLE, lambda values: _bound(
        _present(values), f"CASE WHEN len(l) > 0 THEN {summed} END"))


# --- statistics -------------------------------------------------------------------------------------------------------

def _spread(is_sample: bool, is_root: bool) -> Callable[..., ListAggregate]:
    def build(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
        squares = "list_transform(l, lambda e: pow(e - list_sum(l) / len(l), 2))"
        spread = f"(list_sum({squares}) / (len(l) - {int(is_sample)}))"
        text = f"CASE WHEN len(l) > {int(is_sample)} THEN {f'sqrt({spread})' if is_root else spread} END"
        return ListAggregate(name, coerce(value, T.DOUBLE).sql, T.DOUBLE, lambda values: _bound(_present(values), text))

    return build


def _median(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
    """Of an even number the half of the sum of two, which may overflow in the type of the values."""
    pair = "l[len(l) // 2]", "l[len(l) // 2 + 1]"
    if value.type in T.INTEGERS:
        wide = T.INT64 if value.type == T.INT64 else T.INT32
        both = wrap(f"(CAST({pair[0]} AS HUGEINT) + {pair[1]})", wide)
    else:
        both = f"({pair[0]} + {pair[1]})" if value.type == T.DOUBLE else to_float(f"(CAST({pair[0]} AS DOUBLE) + {pair[1]})")
    text = f"CASE WHEN len(l) % 2 = 1 THEN CAST({pair[1]} AS DOUBLE) WHEN len(l) > 0 THEN CAST({both} AS DOUBLE) / 2 END"
    return ListAggregate(name, value.sql, T.DOUBLE, lambda values: _bound(f"list_sort({_present(values)})", text))


def _ew_avg(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
    """The newest value weighs 1, and each before it (1 - alpha) of the next."""
    alpha = rest[0]
    if not isinstance(alpha, exp.Literal) or alpha.is_string or alpha.this.isdigit():
        raise physical_error("Fail to resolve function: ew_avg() needs a constant alpha of type double")
    keep = f"CAST({1 - float(alpha.this)!r} AS DOUBLE)"
    weights = f"list_transform(range(len(l)), lambda i: pow({keep}, i))"
    summed = f"list_sum(list_transform(range(1, len(l) + 1), lambda i: {weights}[i] * l[i]))"
    text = f"CASE WHEN len(l) > 0 THEN {summed} / nullif(list_sum({weights}), 0) END"
    return ListAggregate(name, coerce(value, T.DOUBLE).sql, T.DOUBLE, lambda values: _bound(
        f"list_reverse({_present(values)})", text), needs_order=True)


def _drawdown(name: str, value: Typed, rest: list[exp.Expression]) -> ListAggregate:
    """The largest share that was lost from a value to a later one; negative values do not count."""
    later = "list_min(list_slice(l, i, len(l)))"
    loss = f"(l[i] - {later})"
    if value.type == T.FLOAT:
        loss = to_float(loss)
    each = f"CASE WHEN l[i] > {later} THEN CAST({loss} AS DOUBLE) / l[i] ELSE CAST(0 AS DOUBLE) END"
    text = f"list_max(list_transform(range(1, len(l) + 1), lambda i: {each}))"
    return ListAggregate(name, value.sql, T.DOUBLE, lambda values: _bound(
        f"list_filter({values}, lambda e: e >= 0)", text), needs_order=True)


# --- rows that a condition chooses ------------------------------------------------------------------------------------

def _nth_value_where(args: list[exp.Expression], translator: Translator) -> ListAggregate:
    name = "nth_value_where"
    _check_count(name, args, 3)
    value = translator.translate(args[0])
    _check_type(name, value, (*_ORDERED, T.BOOL))
    n = integer_constant(name, args[1])
    item = f"{{'v': {value.sql}, 'c': {translator.condition(args[2], f'condition of {name}()')}}}"

    def render(values: str) -> str:
        # there is no element 0
        return f"(list_extract(list_filter({values}, lambda e: e.c), {n})).v"

    return ListAggregate(name, item, value.type, render, needs_order=True)


def end_without_nulls(name: str, value: Typed) -> ListAggregate:
    """`first_value(x, true)` and `last_value(x, true)`: NULLs are left out."""
    end = 1 if name == "first_value" else -1
    return ListAggregate(name, value.sql, value.type, lambda values: f"list_extract({_present(values)}, {end})", needs_order=True)


def _cate(call: CateCall, args: list[exp.Expression], translator: Translator) -> ListAggregate:
    _check_count(call.name, args, 2 + call.has_condition + call.has_bound)
    value, category = translator.translate(args[0]), translator.translate(args[1 + call.has_condition])
    condition = translator.condition(args[1], f"condition of {call.name}()") if call.has_condition else ""
    n = integer_constant(call.name, args[-1]) if call.has_bound else -1
    item = cate_item(call, value, category, condition)
    return ListAggregate(call.name, item, T.STRING, lambda values: _bound(
        _present(values), render_cate(call, value.type, category.type, n)))


_ORDERED = (*T.NUMBERS, T.STRING, T.DATE, T.TIMESTAMP)
_SIMPLE: dict[str, tuple[Callable[..., ListAggregate], tuple[str, ...], int]] = {
    "topn_frequency": (_topn_frequency, _ORDERED, 2),
    "top1_ratio": (_top1_ratio, _ORDERED, 1),
    "entropy": (_entropy, (*_ORDERED, T.BOOL), 1),
    **{name: (_spread(True, True), T.NUMBERS, 1) for name in ("stddev", "std", "stddev_samp")},
    "stddev_pop": (_spread(False, True), T.NUMBERS, 1),
    **{name: (_spread(True, False), T.NUMBERS, 1) for name in ("var_samp", "variance")},
    "var_pop": (_spread(False, False), T.NUMBERS, 1),
    "median": (_median, T.NUMBERS, 1),
    "ew_avg": (_ew_avg, T.NUMBERS, 2),
    "drawdown": (_drawdown, T.NUMBERS, 1),
}
LIST_AGGREGATES = {*_SIMPLE, *CATE_NAMES, "nth_value_where"}
