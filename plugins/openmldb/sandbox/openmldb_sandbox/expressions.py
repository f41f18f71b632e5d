"""Translates expressions of the engine's SQL into typed DuckDB fragments.

The translator is a whitelist: a node it has no method for is refused by name, so nothing is ever
passed on to DuckDB to mean something else there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlglot import exp

from . import functions
from . import sqltypes as T
from .aggregates import AGGREGATES
from .casts import cast, spark_cast
from .errors import SqlError, physical_error
from .values import Typed, coerce, common_type, literal, number_literal, quote, to_string, wrap


class Column(NamedTuple):
    """A column in scope: the table name or alias it hangs on, its name, and its fragment."""

    source: str
    name: str
    value: Typed


class Scope:
    """The columns an expression may name.  Names are case-sensitive, as in the engine."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = list(columns)

    def resolve(self, name: str, source: str = "") -> Typed:
        found = [c for c in self.columns if c.name == name and source in ("", c.source)]
        shown = f"{source}.{name}" if source else name
        if not found:
            raise physical_error(f"Fail to find column {shown}")
        if len(found) > 1:
            raise physical_error(f"Column {shown} is ambiguous")
        return found[0].value

    def of_source(self, source: str) -> list[Column]:
        """The columns `source.*` (or `*` for the empty source) stands for."""
        found = [c for c in self.columns if source in ("", c.source)]
        if not found:
            raise physical_error(f"Fail to find table {source} for {source}.*")
        return found


WindowHook = Callable[[exp.Window], Typed]
AggregateHook = Callable[[exp.Anonymous], Typed]

_COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_ARITHMETIC = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


class Translator:
    """One instance translates the expressions of one clause."""

    def __init__(
        self,
        scope: Scope,
        params: Sequence[Typed] = (),
        window: WindowHook | None = None,
        aggregate: AggregateHook | None = None,
        by_spark: bool = False,
    ) -> None:
        self.scope = scope
        self.params = params
        self._window_hook = window
        self._aggregate_hook = aggregate
        self._cast_to = spark_cast if by_spark else cast

    def translate(self, node: exp.Expression) -> Typed:
        kind = type(node)
        if kind in _COMPARISONS:
            return self._compare(node.this, node.expression, _COMPARISONS[kind])
        if kind in _ARITHMETIC:
            return self._arithmetic(node, _ARITHMETIC[kind])
        method = _METHODS.get(kind)
        if method is None:
            raise physical_error(f"Un-support expression: {describe(node)}")
        return method(self, node)

    def condition(self, node: exp.Expression, what: str) -> str:
        """A boolean fragment, for clauses that need one."""
        value = self.translate(node)
        if value.type not in (T.BOOL, T.NULL):
            raise physical_error(f"Invalid {what}: expected bool but got {value.type}")
        return value.sql

    def _literal(self, node: exp.Literal) -> Typed:
        return Typed(quote(node.this), T.STRING) if node.is_string else number_literal(node.this)

    def _boolean(self, node: exp.Boolean) -> Typed:
        return literal(bool(node.this), T.BOOL)

    def _null(self, node: exp.Null) -> Typed:
        return literal(None, T.NULL)

    def _column(self, node: exp.Column) -> Typed:
        if isinstance(node.this, exp.Star):
            raise physical_error("Un-support expression: * outside of the select list")
        return self.scope.resolve(node.name, node.table)

    def _parameter(self, node: exp.Placeholder) -> Typed:
        position = int(node.this) if str(node.this).isdigit() else -1
        if not 0 <= position < len(self.params):
            raise physical_error(f"Fail to resolve parameter: {len(self.params)} given, more are used")
        return self.params[position]

    def _paren(self, node: exp.Paren) -> Typed:
        inner = self.translate(node.this)
        return Typed(f"({inner.sql})", inner.type)

    def _negate(self, node: exp.Neg) -> Typed:
        value = self._number(node.this, "-")
        if value.type in T.INTEGERS:
            return Typed(wrap(f"-CAST({value.sql} AS HUGEINT)", value.type), value.type)
        return Typed(f"(-{value.sql})", value.type)

    def _number(self, node: exp.Expression, what: str, allowed: tuple[str, ...] = T.NUMBERS) -> Typed:
        value = self.translate(node)
        if value.type not in (*allowed, T.NULL):
            raise physical_error(f"Invalid operand type for {what}: {value.type}")
        return value

    def _arithmetic(self, node: exp.Binary, operator: str) -> Typed:
        allowed = T.NUMBERS if operator == "*" else (*T.NUMBERS, T.TIMESTAMP)
        left, right = (self._number(side, operator, allowed) for side in (node.this, node.expression))
        if right.type == T.TIMESTAMP and (operator == "-" or left.type == T.TIMESTAMP):
            raise physical_error(f"Invalid operand types for {operator}: {left.type} and {right.type}")
        type_ = common_type(left, right, operator)
        if type_ == T.NULL:
            return literal(None, T.NULL)
        if type_ == T.TIMESTAMP and operator == "-" and right.type in T.INTEGERS:
            # the engine adds the negated number, which the smallest one has none of
            operator, right = "+", Typed(wrap(f"-CAST({right.sql} AS HUGEINT)", right.type), right.type)
        if type_ in T.INTEGERS or type_ == T.TIMESTAMP:
            wide = "BIGINT" if type_ in (T.INT16, T.INT32) else "HUGEINT"
            sql = f"(CAST({left.sql} AS {wide}) {operator} CAST({right.sql} AS {wide}))"
            return Typed(wrap(sql, T.INT64 if type_ == T.TIMESTAMP else type_), type_)
        return Typed(f"({coerce(left, type_).sql} {operator} {coerce(right, type_).sql})", type_)

    def _divide(self, node: exp.Div) -> Typed:
        left, right = (coerce(self._number(side, "/"), T.DOUBLE) for side in (node.this, node.expression))
        return Typed(f"({left.sql} / nullif({right.sql}, 0))", T.DOUBLE)

    def _int_divide(self, node: exp.IntDiv) -> Typed:
        """DIV truncates toward zero, and NULL comes of a zero divisor."""
        left, right = (self._number(side, "DIV", T.INTEGERS) for side in (node.this, node.expression))
        type_ = common_type(left, right, "DIV")
        sql = f"(CAST({left.sql} AS HUGEINT) // nullif({right.sql}, 0))"
        return Typed(wrap(sql, type_) if type_ in T.INTEGERS else sql, type_)

    def _modulo(self, node: exp.Mod) -> Typed:
        left, right = (self._number(side, "%") for side in (node.this, node.expression))
        type_ = common_type(left, right, "%")
        sides = coerce(left, type_).sql, coerce(right, type_).sql
        return Typed(f"({sides[0]} % nullif({sides[1]}, 0))", type_)

    def _compare(self, left_node: exp.Expression, right_node: exp.Expression, operator: str) -> Typed:
        left, right = self.translate(left_node), self.translate(right_node)
        if T.STRING in (left.type, right.type):
            left, right = to_string(left), to_string(right)
        if T.TIMESTAMP in (left.type, right.type) and {left.type, right.type} & set(T.INTEGERS):
            raise physical_error(f"Invalid Compare Op type: lhs {left.type} rhs {right.type}")
        type_ = common_type(left, right, operator)
        return Typed(f"({coerce(left, type_).sql} {operator} {coerce(right, type_).sql})", T.BOOL)

    def _logic(self, node: exp.Connector) -> Typed:
        left, right = self._truth(node.this), self._truth(node.expression)
        if isinstance(node, exp.Xor):
            return Typed(f"({left} <> {right})", T.BOOL)
        return Typed(f"({left} {node.key.upper()} {right})", T.BOOL)

    def _not(self, node: exp.Not) -> Typed:
        return Typed(f"(NOT {self._truth(node.this)})", T.BOOL)

    def _truth(self, node: exp.Expression) -> str:
        value = self.translate(node)
        if value.type == T.BOOL:
            return value.sql
        if value.type in T.NUMBERS:
            return f"({value.sql} <> 0)"
        raise physical_error(f"Invalid operand type for a logical operator: {value.type}")

    def _between(self, node: exp.Between) -> Typed:
        low = self._compare(node.this, node.args["low"], ">=").sql
        high = self._compare(node.this, node.args["high"], "<=").sql
        return Typed(f"({low} AND {high})", T.BOOL)

    def _in(self, node: exp.In) -> Typed:
        if not node.expressions:
            raise physical_error("Un-support expression: IN with a subquery")
        tests = [self._compare(node.this, item, "=").sql for item in node.expressions]
        return Typed("(" + " OR ".join(tests) + ")", T.BOOL)

    def _like(self, node: exp.Like | exp.ILike, escape: str = "\\") -> Typed:
        sides = [self.translate(side) for side in (node.this, node.expression)]
        if any(side.type not in (T.STRING, T.NULL) for side in sides):
            raise physical_error(f"Invalid operand types for LIKE: {sides[0].type} and {sides[1].type}")
        negated = "NOT " if node.args.get("negate") else ""
        operator = negated + ("ILIKE" if isinstance(node, exp.ILike) else "LIKE")
        return Typed(f"({sides[0].sql} {operator} {sides[1].sql} ESCAPE {quote(escape)})", T.BOOL)

    def _escape(self, node: exp.Escape) -> Typed:
        if not isinstance(node.this, (exp.Like, exp.ILike)) or len(node.expression.name) > 1:
            raise physical_error("Un-support expression: ESCAPE must follow LIKE with one character")
        return self._like(node.this, node.expression.name)

    def _case(self, node: exp.Case) -> Typed:
        subject = node.this
        tests, results = [], []
        for branch in node.args["ifs"]:
            if subject is None:
                tests.append(self.condition(branch.this, "CASE condition"))
            else:
                tests.append(self._compare(subject, branch.this, "=").sql)
            results.append(self.translate(branch.args["true"]))
        default = node.args.get("default")
        results.append(self.translate(default) if default is not None else literal(None, T.NULL))
        type_ = results[0].type
        for result in results[1:]:
            type_ = common_type(Typed("", type_), result, "CASE")
        *branches, otherwise = [coerce(result, type_).sql for result in results]
        whens = " ".join(f"WHEN {test} THEN {value}" for test, value in zip(tests, branches))
        return Typed(f"CASE {whens} ELSE {otherwise} END", type_)

    def _cast(self, node: exp.Cast) -> Typed:
        type_ = CAST_TYPES.get(node.to.this)
        if type_ is None:
            raise physical_error(f"Un-support expression: CAST to {node.to.sql()}")
        return self._cast_to(self.translate(node.this), type_)

    def _function(self, node: exp.Anonymous) -> Typed:
        if node.name.lower() in AGGREGATES:
            if self._aggregate_hook is None:
                raise physical_error(f"Un-support expression: aggregate {node.name}() is not allowed here")
            return self._aggregate_hook(node)
        args = [self.translate(arg) for arg in node.expressions]
        type_ = T.parse_type(node.name)
        if type_ is not None and len(args) == 1:
            return self._cast_to(args[0], type_)
        return functions.call(node.name, args)

    def _window(self, node: exp.Window) -> Typed:
        if self._window_hook is None:
            raise physical_error(f"Un-support expression: window function {describe(node.this)} is not allowed here")
        return self._window_hook(node)


CAST_TYPES = {
    exp.DType.BOOLEAN: T.BOOL, exp.DType.SMALLINT: T.INT16, exp.DType.INT: T.INT32,
    exp.DType.BIGINT: T.INT64, exp.DType.FLOAT: T.FLOAT, exp.DType.DOUBLE: T.DOUBLE,
    exp.DType.VARCHAR: T.STRING, exp.DType.TEXT: T.STRING, exp.DType.DATE: T.DATE,
    exp.DType.TIMESTAMP: T.TIMESTAMP,
}

_METHODS: dict[type, Callable[[Translator, exp.Expression], Typed]] = {
    exp.Literal: Translator._literal,
    exp.Boolean: Translator._boolean,
    exp.Null: Translator._null,
    exp.Column: Translator._column,
    exp.Placeholder: Translator._parameter,
    exp.Paren: Translator._paren,
    exp.Neg: Translator._negate,
    exp.Div: Translator._divide,
    exp.IntDiv: Translator._int_divide,
    exp.Mod: Translator._modulo,
    exp.And: Translator._logic,
    exp.Or: Translator._logic,
    exp.Xor: Translator._logic,
    exp.Not: Translator._not,
    exp.Between: Translator._between,
    exp.In: Translator._in,
    exp.Like: Translator._like,
    exp.ILike: Translator._like,
    exp.Escape: Translator._escape,
    exp.Case: Translator._case,
    exp.Cast: Translator._cast,
    exp.Anonymous: Translator._function,
    exp.Window: Translator._window,
}


def describe(node: exp.Expression) -> str:
    """A construct as text, for error messages."""
    if isinstance(node, exp.Window):
        return f"{describe(node.this)} over {node.alias or '(...)'}"
    if isinstance(node, exp.Is):
        return f"{describe(node.this)} IS {describe(node.expression)}"
    try:
        return node.sql(normalize_functions=False)
    except (ValueError, SqlError):
        return node.key.upper()
