"""What the batch engine cannot filter or join by.

It takes the equalities of WHERE and ON for keys of an index, and can make keys of columns, numbers
and texts only.  The same test written with another operator, or below an OR, is no key and works.
"""

from __future__ import annotations

from sqlglot import exp

from .errors import plan_error
from .expressions import describe


def check_filter(condition: exp.Expression, is_join: bool = False) -> None:
    """Refuses an equality whose sides are no keys."""
    for test in _conjuncts(condition):
        if not isinstance(test, exp.EQ):
            continue
        sides = test.this, test.expression
        if not is_join and all(side.find(exp.Column) for side in sides):
            continue  # of one table, this is a plain condition
        for side in sides:
            if not _is_key(side):
                raise plan_error(f"Fail to resolve expr type of {describe(side)}: = takes columns, numbers and texts")


def _conjuncts(condition: exp.Expression) -> list[exp.Expression]:
    if isinstance(condition, exp.Paren):
        return _conjuncts(condition.this)
    if isinstance(condition, exp.And):
        return [*_conjuncts(condition.this), *_conjuncts(condition.expression)]
    return [condition]


def _is_key(side: exp.Expression) -> bool:
    if isinstance(side, exp.Neg):
        return isinstance(side.this, exp.Literal)
    return isinstance(side, (exp.Column, exp.Literal, exp.Placeholder))
