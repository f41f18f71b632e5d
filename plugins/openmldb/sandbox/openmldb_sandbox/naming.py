"""The engine's names of columns that have no alias: the expression as the engine prints it.

Parentheses are gone, casts are called by their types, and texts stand without quotes.
"""

from __future__ import annotations

from sqlglot import exp

from . import sqltypes as T
from .expressions import CAST_TYPES, describe

_OPERATORS = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.IntDiv: "DIV", exp.Mod: "%",
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.And: "AND", exp.Or: "OR", exp.Xor: "XOR", exp.Like: "LIKE", exp.ILike: "ILIKE",
}


def column_name(node: exp.Expression) -> str:
    """The name of a select item."""
    if isinstance(node, exp.Alias):
        return node.alias
    return node.name if isinstance(node, exp.Column) else _shown(node)


def _shown(node: exp.Expression) -> str:
    if isinstance(node, exp.Literal):
        return node.this if node.is_string or node.this.isdigit() else f"{float(node.this):f}"
    if isinstance(node, (exp.Boolean, exp.Null)):
        return node.sql().lower()
    if isinstance(node, exp.Paren):
        return _shown(node.this)
    if isinstance(node, exp.Neg):
        return ("-" if isinstance(node.this, exp.Literal) else "- ") + _shown(node.this)
    if type(node) in _OPERATORS:
        text = f"{_shown(node.this)} {_OPERATORS[type(node)]} {_shown(node.expression)}"
        return f"NOT {text}" if node.args.get("negate") else text
    if isinstance(node, exp.Not):
        return _negated(node.this)
    if isinstance(node, (exp.In, exp.Between)):
        return _test(node, "")
    if isinstance(node, exp.Case):
        return _case(node)
    if isinstance(node, exp.Cast):
        return _cast(CAST_TYPES.get(node.to.this, ""), [node.this])
    if isinstance(node, exp.Window):
        return f"{_shown(node.this)}over {node.alias or 'ANONYMOUS_WINDOW '}"
    if isinstance(node, exp.Anonymous):
        type_ = T.parse_type(node.name)
        return _cast(type_, node.expressions) if type_ else f"{node.name.lower()}({_list(node.expressions, ', ')})"
    return describe(node)


def _list(nodes: list[exp.Expression], separator: str) -> str:
    return separator.join(_shown(node) for node in nodes)


def _cast(type_: str, args: list[exp.Expression]) -> str:
    return f"{type_.upper()}({_list(args, ', ')})"


def _negated(node: exp.Expression) -> str:
    if isinstance(node, exp.In):
        return _test(node, "not ")
    return _test(node, "not  ") if isinstance(node, exp.Between) else f"NOT {_shown(node)}"


def _test(node: exp.In | exp.Between, negation: str) -> str:
    subject = _shown(node.this)
    if isinstance(node, exp.In):
        return f"{subject} {negation}in ({_list(node.expressions, ',')})"
    return f"{subject} {negation}between {_shown(node.args['low'])} and {_shown(node.args['high'])}"


def _case(node: exp.Case) -> str:
    subject = f"{_shown(node.this)} = " if node.this is not None else ""
    branches = [f"when {subject}{_shown(b.this)} then {_shown(b.args['true'])}" for b in node.args["ifs"]]
    default = node.args.get("default")
    return f"case ({','.join(branches)}) else {_shown(default) if default is not None else 'null'}"
