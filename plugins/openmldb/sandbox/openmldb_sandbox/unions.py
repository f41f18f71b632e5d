"""The other tables of WINDOW ... UNION.

Their rows join the relation with an `origin` above 0 and a `seq` below 0, for of equal times they
come first.  A window has those it names in its partitions and all others in partitions apart;
when the windows are computed, they are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from .errors import plan_error
from .values import Typed

if TYPE_CHECKING:
    from .relations import Relation

FindUnion = Callable[[exp.Expression], "Relation"]

# seq of the rows of a UNION table lie this far apart: paths of offline tables are numbered below that
_SHIFT, _MOST = 56, 64


class Unions:
    """All of one SELECT, numbered by their text."""

    def __init__(self, windows: Iterable[exp.Window], find: FindUnion) -> None:
        nodes = {node.sql(): node for window in windows for node in _tables(window)}
        if len(nodes) >= _MOST:
            raise plan_error(f"Un-support WINDOW ... UNION of {len(nodes)} tables")
        self._relations = {text: find(node) for text, node in nodes.items()}
        self._origins = {text: number for number, text in enumerate(nodes, start=1)}

    def __bool__(self) -> bool:
        return bool(self._relations)

    def origins(self, window: exp.Window) -> tuple[int, ...]:
        """The numbers of the tables a window names."""
        found = tuple(self._origins[node.sql()] for node in _tables(window))
        if len(set(found)) < len(found):
            raise plan_error("Un-support WINDOW ... UNION of a table with itself in the sandbox")
        return found

    def join(self, relation: str, columns: Sequence[Typed]) -> str:
        """The relation with the rows of all of them."""
        parts = [f"SELECT {', '.join(column.sql for column in columns)}, seq, 0 AS origin FROM ({relation})"]
        for text, union in self._relations.items():
            if [column.value.type for column in union.columns] != [column.type for column in columns]:
                raise plan_error("Fail to add window union table: its columns are not those of the main table")
            origin = self._origins[text]
            shift = (_MOST - origin) << _SHIFT
            theirs = ", ".join(column.value.sql for column in union.columns)
            parts.append(f"SELECT {theirs}, seq - {shift}, {origin} FROM ({union.sql})")
        return " UNION ALL ".join(parts)


def _tables(window: exp.Window) -> list[exp.Expression]:
    frame = window.args.get("spec")
    return frame.args.get("unions") or [] if frame is not None else []
