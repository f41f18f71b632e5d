"""Reads and writes of table rows: where a query's tables come from, and inserts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import sqltypes as T
from .catalog import Catalog, ColumnDef, Table
from .errors import TABLE_NOT_FOUND, SqlError, command_error
from .file_options import LoadOptions
from .loader import Loader
from .relations import FindSource, Source
from .store import OFFLINE, ONLINE, Store

# rows of the n-th remembered path are numbered from n << 40, behind the table's own rows
_PATH_SHIFT = 40


class Tables:
    """Row access over the catalogue, the store and the loader."""

    def __init__(self, catalog: Catalog, store: Store, loader: Loader) -> None:
        self._catalog = catalog
        self._store = store
        self._loader = loader

    def require(self, db: str, name: str) -> Table:
        table = self._catalog.find(db, name)
        if table is None:
            raise SqlError(TABLE_NOT_FOUND, f"Fail to find table {db}.{name}: table not exists")
        return table

    def find_online(self, db: str, name: str, is_first: bool) -> Source:
        """A `FindSource` of online storage."""
        table = self.require(db, name)
        return Source(table, f"{ONLINE}.t{table.tid}")

    @contextmanager
    def offline_sources(self) -> Iterator[FindSource]:
        """A `FindSource` of offline storage; remembered paths are read anew for every query."""
        scratch: list[Path] = []

        def find(db: str, name: str, is_first: bool) -> Source:
            table = self.require(db, name)
            parts = [f"SELECT * FROM {OFFLINE}.t{table.tid}"]
            for i, remembered in enumerate(table.offline.paths if table.offline else [], start=1):
                options = LoadOptions(**remembered["options"])
                sql, file = self._loader.relation(remembered["path"], table.types, options)
                if file is not None:
                    scratch.append(file)
                parts.append(f"SELECT * REPLACE (seq + {i << _PATH_SHIFT} AS seq) FROM ({sql})")
            return Source(table, "(" + " UNION ALL ".join(parts) + ")")

        try:
            yield find
        finally:
            for file in scratch:
                file.unlink(missing_ok=True)

    def insert(self, storage: str, table: Table, rows: list[list[Any]]) -> None:
        """Adds rows that are complete and converted."""
        if not rows:
            return
        types = [*table.types, T.INT64]
        cells = ", ".join(f"CAST(? AS {T.DUCKDB[type_]})" for type_ in types)
        names = ", ".join([*(f"c{i}" for i in range(len(table.columns))), "seq"])
        values = ", ".join([f"({cells})"] * len(rows))
        params = [cell for seq, row in enumerate(rows) for cell in (*row, seq)]
        self._store.append(storage, table.tid, f"SELECT * FROM (VALUES {values}) v({names})", params)


def complete_rows(table: Table, columns: list[str], rows: list[list[Any]]) -> list[list[Any]]:
    """The constants of an INSERT as full, typed rows."""
    try:
        positions = [table.position(name) for name in columns] if columns else list(range(len(table.columns)))
    except ValueError:
        unknown = next(name for name in columns if name not in [c.name for c in table.columns])
        raise command_error(f"Fail to insert: column {unknown} does not exist in table {table.name}") from None
    complete = []
    for row in rows:
        if len(row) != len(positions):
            raise command_error(f"Fail to insert: {len(positions)} columns but {len(row)} values")
        full: list[Any] = [_default(column) for column in table.columns]
        for position, value in zip(positions, row):
            full[position] = _convert(table, position, value)
        for value, column in zip(full, table.columns):
            if value is None and column.not_null:
                raise command_error(f"Fail to insert: column {column.name} is NOT NULL")
        complete.append(full)
    return complete


def _default(column: ColumnDef) -> Any:
    return None if column.default is None else T.from_json(column.default, column.type)


def _convert(table: Table, position: int, value: Any) -> Any:
    column = table.columns[position]
    try:
        return T.from_json(value, column.type)
    except ValueError:
        raise command_error(
            f"Fail to insert: value {value!r} does not fit column {column.name} of type {column.type}"
        ) from None
