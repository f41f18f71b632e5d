"""Window frames as DuckDB SQL.

The engine feeds the rows of a partition one at a time, so among rows of equal time a row sees the
earlier ones only; standard RANGE frames would show it all of them.  Each frame is therefore
reduced to row numbers.  A first pass numbers the rows of the partition (time, then order of
arrival) and finds the frame's first and last row number; a second pass aggregates over a ROWS
frame with those per-row bounds.

EXCLUDE CURRENT_TIME leaves a hole between the history and the row itself.  For such windows the
rows are numbered as if the other rows of the same time were absent, and the values of history and
row are collected into a list.  INSTANCE_NOT_IN_WINDOW is such a hole, too: of the history, only the
rows of other tables are left.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from . import aggregates
from . import sqltypes as T
from .aggregates import Aggregate
from .dialect import Bound, Frame
from .errors import physical_error, plan_error
from .expressions import Translator
from .unions import FindUnion, Unions
from .values import Typed

ORDER_TYPES = (T.TIMESTAMP, *T.INTEGERS)


class Window:
    """One distinct window of a query: its keys, its order column and its bounds."""

    def __init__(
        self, index: int, keys: list[Typed], order: Typed, frame: Frame, origins: tuple[int, ...], has_origin: bool
    ) -> None:
        self.index = index
        self.keys = keys
        self.order = order
        self.frame = frame
        self.origins = origins
        # a row without a time sorts before all others instead of falling out of the frames
        self._time = f"coalesce(CAST({order.sql} AS BIGINT), 0)"
        self._sequence = f"{self._time}, {order.sql} IS NOT NULL, seq"
        # the engine loses rows of times before 1970: no frame has them, and `apply` drops them
        self.in_time = f"{self._time} >= 0"
        parts = [*(key.sql for key in keys), self.in_time]
        if has_origin:
            parts.append(f"origin IN ({', '.join(map(str, [0, *origins]))})")
        self._partition = f"PARTITION BY {', '.join(parts)}"
        # which rows the history of INSTANCE_NOT_IN_WINDOW has
        self._others = ""
        if frame.args.get("exclude_instances"):
            self._others = f" FILTER (WHERE {'origin > 0' if has_origin else 'FALSE'})"

    @property
    def has_hole(self) -> bool:
        return bool(self.frame.args.get("exclude_time") or self._others)

    def plain_frame(self) -> str | None:
        """The frame as DuckDB can take it as it is, without a first pass; None if it cannot."""
        args = self.frame.args
        if self.has_hole or args.get("exclude_row") or args.get("maxsize") is not None:
            return None
        start, end = args["start"].args, args["end"].args
        first = start.get("offset")
        if args["kind"] != "ROWS" and (first is not None or not end.get("is_current")):
            return None
        last = end["offset"] + bool(end.get("is_open"))
        if first is None:
            return f"ROWS BETWEEN UNBOUNDED PRECEDING AND {last} PRECEDING"
        first -= bool(start.get("is_open"))
        return f"ROWS BETWEEN {first} PRECEDING AND {last} PRECEDING" if first >= last else None

    def bound_columns(self) -> str:
        """First pass: row number, first and last row number of the frame, end of the history."""
        i, args = self.index, self.frame.args
        row = f"row_number() OVER ({self._partition} ORDER BY {self._sequence})"
        history = self._rows_up_to(1 if args.get("exclude_time") else 0)
        current = f"({history} + 1)" if self.has_hole else row
        first = self._first(args["start"], current)
        last = self._last(args["end"], current)
        if args.get("exclude_row"):
            last = f"least({last}, {current} - 1)"
        if args.get("maxsize") is not None:
            first = f"greatest({first}, {last} - {args['maxsize']} + 1)"
        columns = [f"{row} AS r{i}", f"{first} AS f{i}", f"{last} AS l{i}"]
        if self.has_hole:
            columns.append(f"{history} AS h{i}")
        return ", ".join(columns)

    def _rows_up_to(self, distance: int) -> str:
        """How many rows of the partition are at least `distance` ms (or steps) before this one."""
        # DuckDB 2.0 now and then puts the end of "0 PRECEDING" before some rows of the same time
        end = f"{distance} PRECEDING" if distance else "CURRENT ROW"
        frame = f"RANGE BETWEEN UNBOUNDED PRECEDING AND {end}"
        return f"count(*){self._others} OVER ({self._partition} ORDER BY {self._time} {frame})"

    def _first(self, bound: Bound, current: str) -> str:
        offset, is_open = bound.args.get("offset"), bool(bound.args.get("is_open"))
        if offset is None:
            return "1"
        if self.frame.args["kind"] == "ROWS":
            return f"({current} - {offset - is_open})"
        return f"({self._rows_up_to(offset if is_open else offset + 1)} + 1)"

    def _last(self, bound: Bound, current: str) -> str:
        offset, is_open = bound.args["offset"], bool(bound.args.get("is_open"))
        if bound.args.get("is_current") or (self._others and not offset and not is_open):
            return current
        if self.frame.args["kind"] == "ROWS":
            return f"({current} - {offset + is_open})"
        return f"least({current}, {self._rows_up_to(offset + is_open)})"

    def value(self, aggregate: Aggregate) -> Typed:
        """Second pass: the aggregate over the frame the first pass found."""
        i = self.index
        size = self.frame.args.get("maxsize")
        if aggregate.name == "lag" and size is not None and aggregate.n >= size:
            # the engine looks at what it happens to have kept
            raise physical_error(f"Fail to resolve function: lag() by {aggregate.n} in a window of MAXSIZE {size}")
        if self.has_hole and aggregate.name == "lag" and aggregate.n:
            return self._lag_over_hole(aggregate)
        if self.has_hole and aggregate.name != "lag":
            return self._value_over_hole(aggregate)
        frame = self.plain_frame() or _rows(i, f"l{i}")
        return aggregates.over_frame(aggregate, self._partition, self._sequence, frame)

    def _lag_over_hole(self, aggregate: Aggregate) -> Typed:
        """The n-th last row of the history, whatever the frame."""
        i, n = self.index, aggregate.n
        if self._others:
            return Typed(f"list_extract(list_slice({self._seen(aggregate.value)}, 1, h{i}), -{n})", aggregate.type)
        there = f"greatest(r{i} - h{i} + {n - 1}, 0) PRECEDING"
        over = f"OVER ({self._partition} ORDER BY {self._sequence} ROWS BETWEEN {there} AND {there})"
        return Typed(f"CASE WHEN h{i} >= {n} THEN first_value({aggregate.value.sql}) {over} END", aggregate.type)

    def _value_over_hole(self, aggregate: Aggregate) -> Typed:
        i = self.index
        item = aggregate.value or Typed("1", T.INT32)
        last = f"least(l{i}, h{i})"
        if self._others:
            kept = f"list_slice({self._seen(item)}, greatest(f{i}, 1), {last})"
            history = f"CASE WHEN greatest(f{i}, 1) <= {last} THEN {kept} END"
        else:
            history = f"list({item.sql}) OVER ({self._partition} ORDER BY {self._sequence} {_rows(i, last)})"
        itself = f"CASE WHEN l{i} > h{i} AND f{i} <= l{i} THEN list_value({item.sql}) END"
        return aggregates.over_list(aggregate, f"list_concat({history}, {itself})")

    def _seen(self, item: Typed) -> str:
        """The values of all rows of other tables that come before this one."""
        frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        return f"list({item.sql}){self._others} OVER ({self._partition} ORDER BY {self._sequence} {frame})"


def _rows(i: int, last: str) -> str:
    """A ROWS frame from per-row bounds; 0 .. 1 PRECEDING is DuckDB's empty frame."""
    empty = f"f{i} > {last} OR {last} < 1"
    start = f"CASE WHEN {empty} THEN 0 ELSE r{i} - greatest(f{i}, 1) END"
    end = f"CASE WHEN {empty} THEN 1 ELSE r{i} - {last} END"
    return f"ROWS BETWEEN {start} PRECEDING AND {end} PRECEDING"


class WindowSet:
    """The windows of one SELECT, and the aggregates asked of them."""

    def __init__(
        self, definitions: Sequence[exp.Window], translator: Translator,
        calls: Sequence[exp.Expression], find: FindUnion,
    ) -> None:
        self._translator = translator
        self._named: dict[str, exp.Window] = {}
        self._known: dict[tuple, Window] = {}
        self._used: dict[int, Window] = {}
        self._values: list[str] = []
        in_place = [window for call in calls for window in call.find_all(exp.Window)]
        self._unions = Unions([*definitions, *in_place], find)
        for definition in definitions:
            name = definition.this.name
            if name in self._named:
                raise plan_error(f"Window {name} is defined twice")
            self._named[name] = definition
            self._window(definition)

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def windows(self) -> list[Window]:
        return list(self._known.values())

    def call(self, node: exp.Window) -> Typed:
        """Plans one `f(...) OVER w` and gives the column that will hold it."""
        aggregate = aggregates.plan(node.this, self._translator)
        if node.args.get("alias") is not None:
            definition = self._named.get(node.alias)
            if definition is None:
                raise plan_error(f"Fail to find window {node.alias}")
        else:
            definition = node
        window = self._window(definition)
        self._used[window.index] = window
        value = window.value(aggregate)
        if value.sql not in self._values:
            self._values.append(value.sql)
        return Typed(f"w{self._values.index(value.sql)}", value.type)

    def _window(self, definition: exp.Window) -> Window:
        keys, order, frame = _checked(definition, self._translator)
        origins = self._unions.origins(definition)
        identity = (tuple(keys), order, repr(frame), origins)
        if identity not in self._known:
            same = [w for w in self._known.values() if (w.keys, w.order, w.origins) == (keys, order, origins)]
            if any(repr(_closed(window.frame)) == repr(_closed(frame)) for window in same):
                raise plan_error("Un-support windows that differ in OPEN alone: the engine computes one for both")
            self._known[identity] = Window(len(self._known), keys, order, frame, origins, bool(self._unions))
        return self._known[identity]

    def apply(self, relation: str, keep_all: bool = False) -> str:
        """The relation with one more column for each planned call; `keep_all` keeps rows of times before 1970."""
        if not self:
            return relation
        if self._unions:
            relation = self._unions.join(relation, [column.value for column in self._translator.scope.columns])
        bounds = [window.bound_columns() for window in self._used.values() if window.plain_frame() is None]
        if bounds:
            relation = f"SELECT *, {', '.join(bounds)} FROM ({relation})"
        values = ", ".join(f"{sql} AS w{i}" for i, sql in enumerate(self._values))
        tests = [] if keep_all else [window.in_time for window in self._used.values()]
        tests += ["origin = 0"] if self._unions else []
        kept = f" WHERE {' AND '.join(tests)}" if tests else ""
        return f"SELECT * FROM (SELECT *, {values} FROM ({relation})){kept}"


def _checked(definition: exp.Window, translator: Translator) -> tuple[list[Typed], Typed, Frame]:
    """The parts of a window definition, or an error that names what is wrong with it."""
    frame: Frame | None = definition.args.get("spec")
    keys = [translator.translate(key) for key in definition.args.get("partition_by") or []]
    order = definition.args.get("order")
    if not keys:
        raise plan_error("Un-support window without PARTITION BY")
    for key in keys:
        check_key(key)
    if order is None or len(order.expressions) != 1:
        raise plan_error("Un-support window: ORDER BY must name exactly one column")
    if order.expressions[0].args.get("desc"):
        raise plan_error("Un-support window with ORDER BY ... DESC")
    if frame is None:
        raise plan_error("Un-support window without a frame, use ROWS or ROWS_RANGE")
    column = translator.translate(order.expressions[0].this)
    if column.type not in ORDER_TYPES:
        raise physical_error(f"Un-support window ORDER BY type {column.type}: must be timestamp or an integer")
    _check_frame(frame)
    return keys, column, frame


def _closed(frame: Frame) -> Frame:
    """The frame without OPEN, which is how the engine compares frames."""
    closed = frame.copy()
    for end in ("start", "end"):
        closed.args[end].set("is_open", False)
    return closed


def check_key(key: Typed) -> None:
    """Whether rows can be partitioned, grouped or joined by a value."""
    if key.type in (T.FLOAT, T.DOUBLE):
        raise physical_error(
            f"unsupported partition key: type is {key.type}, should be bool, intxx, string, date or timestamp")


def _check_frame(frame: Frame) -> None:
    kind, start, end = (frame.args[part] for part in ("kind", "start", "end"))
    if kind == "RANGE":
        raise plan_error("Un-support window frame RANGE, use ROWS or ROWS_RANGE")
    if kind == "ROWS" and (start.args.get("is_time") or end.args.get("is_time")):
        raise plan_error("Un-support window frame: ROWS with a time bound, use ROWS_RANGE")
    if kind == "ROWS" and frame.args.get("maxsize") is not None:
        raise plan_error("Fail Make Rows Window: MAXSIZE non-support for Rows Window")
    if end.args.get("offset") is None:
        raise plan_error("Un-support window frame: UNBOUNDED PRECEDING as its end")
    if start.args.get("offset") is not None and start.args["offset"] < end.args["offset"]:
        raise plan_error("Invalid window frame: it starts after its end")
