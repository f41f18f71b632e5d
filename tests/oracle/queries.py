"""A query and what it is asked of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Query:
    """`ordered` are the output columns whose sequence ORDER BY promises; `refuses`: the sandbox does, knowingly.

    The others are of queries of files; see `files`.
    """

    feature: str
    sql: str
    ordered: list[int] = field(default_factory=list)
    refuses: bool = False
    earlier: str = ""
    load: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    columns: list[list[str]] = field(default_factory=list)


@dataclass
class World:
    """Small tables and the queries over them."""

    seed: int
    tables: list[dict]
    queries: list[Query]
