"""Databases, tables and deployments: what exists, kept in memory and mirrored into the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from . import sqltypes as T
from .errors import api_error, command_error, server_error
from .store import ONLINE, Store


@dataclass
class ColumnDef:
    """One column of a table; `default` is what an INSERT without it puts there, a date as text, and None is no default."""

    name: str
    type: str
    not_null: bool = False
    default: Any = None


@dataclass
class Index:
    """An index: its key columns, its time column (or none) and its time to live."""

    name: str
    keys: list[str]
    ts: str = ""
    ttl_type: str = "absolute"
    abs_ttl: int = 0
    lat_ttl: int = 0


@dataclass
class OfflineInfo:
    """What the offline side of a table holds: own rows, remembered paths, or both."""

    deep: bool = False
    paths: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Table:
    """A table of both storages."""

    tid: int
    db: str
    name: str
    columns: list[ColumnDef]
    indexes: list[Index]
    partition_num: int = 1
    replica_num: int = 1
    storage_mode: str = "Memory"
    offline: OfflineInfo | None = None

    @property
    def types(self) -> list[str]:
        return [column.type for column in self.columns]

    def position(self, name: str) -> int:
        """The index of a column; ValueError when there is none of that name."""
        return [column.name for column in self.columns].index(name)

    def has_index(self, keys: tuple[str, ...], ts: str) -> bool:
        return any(set(index.keys) == set(keys) and ts in ("", index.ts) for index in self.indexes)


@dataclass
class Deployment:
    """A deployed query: the SELECT that runs and the statement that deployed it."""

    db: str
    name: str
    select: str
    statement: str
    options: dict[str, str] = field(default_factory=dict)


class Catalog:
    """All names.  Changed only inside `Store.write`, so memory and file agree."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._databases: dict[str, dict[str, Table]] = {}
        self._deployments: dict[tuple[str, str], Deployment] = {}
        for body in store.load("database"):
            self._databases[body["name"]] = {}
        for body in store.load("table"):
            table = _table_from_json(body)
            self._databases[table.db][table.name] = table
        for body in store.load("deployment"):
            deployment = Deployment(**body)
            self._deployments[deployment.db, deployment.name] = deployment
        self._last_tid = max((body["last"] for body in store.load("tid")), default=0)

    def databases(self) -> list[str]:
        return sorted(self._databases)

    def has_database(self, name: str) -> bool:
        return name in self._databases

    def create_database(self, name: str, if_not_exists: bool) -> None:
        with self._store.write():
            if name in self._databases:
                if if_not_exists:
                    return
                raise command_error("Create database failed for database already exists")
            self._store.save("database", name, {"name": name})
            self._databases[name] = {}

    def drop_database(self, name: str, if_exists: bool) -> None:
        with self._store.write():
            if name not in self._databases:
                if if_exists:
                    return
                raise server_error("drop database failed", "database not found", 802)
            if self._databases[name]:
                raise server_error("drop database failed", "database is not empty", 803)
            self._store.remove("database", name)
            del self._databases[name]

    def tables(self, db: str) -> list[Table]:
        return sorted(self._databases.get(db, {}).values(), key=lambda table: table.name)

    def find(self, db: str, name: str) -> Table | None:
        return self._databases.get(db, {}).get(name)

    def find_tid(self, tid: int) -> Table | None:
        """By number, as a tablet's callers name it."""
        return next((t for db in self.databases() for t in self.tables(db) if t.tid == tid), None)

    def create_table(self, table: Table, if_not_exists: bool) -> None:
        with self._store.write():
            if table.db not in self._databases:
                raise server_error("create table failed", "database not found", 802)
            if table.name in self._databases[table.db]:
                if if_not_exists:
                    return
                raise command_error("table already exists")
            self._last_tid += 1
            table.tid = self._last_tid
            self._store.save("tid", "", {"last": table.tid})
            self._store.create_rows(table.tid, table.types)
            self._save(table)
            self._databases[table.db][table.name] = table

    def drop_table(self, db: str, name: str, if_exists: bool) -> None:
        with self._store.write():
            table = self.find(db, name)
            if table is None:
                if if_exists:
                    return
                raise command_error("fail to drop, table does not exist!")
            self._store.drop_rows(table.tid)
            self._store.remove("table", f"{db}.{name}")
            del self._databases[db][name]

    def set_offline(self, table: Table, info: OfflineInfo) -> None:
        with self._store.write():
            table.offline = info
            self._save(table)

    def add_index(self, table: Table, index: Index) -> None:
        """An index without a name gets one."""
        with self._store.write():
            index.name = index.name or f"INDEX_{len(table.indexes)}_{table.tid}"
            table.indexes.append(index)
            self._save(table)

    def set_ttl(self, table: Table, index_name: str, ttl_type: str, abs_ttl: int, lat_ttl: int) -> None:
        """Rows never expire here: it is kept to be shown."""
        with self._store.write():
            for index in table.indexes:
                if index.name == index_name:
                    index.ttl_type, index.abs_ttl, index.lat_ttl = ttl_type, abs_ttl, lat_ttl
            self._save(table)

    def _save(self, table: Table) -> None:
        self._store.save("table", f"{table.db}.{table.name}", asdict(table))

    def deployments(self, db: str) -> list[Deployment]:
        return [d for key, d in sorted(self._deployments.items()) if key[0] == db]

    def find_deployment(self, db: str, name: str) -> Deployment | None:
        return self._deployments.get((db, name))

    def save_deployment(self, deployment: Deployment) -> None:
        with self._store.write():
            key = (deployment.db, deployment.name)
            self._store.save("deployment", ".".join(key), asdict(deployment))
            self._deployments[key] = deployment

    def drop_deployment(self, db: str, name: str) -> None:
        with self._store.write():
            if (db, name) not in self._deployments:
                raise command_error("deployment not found")
            self._store.remove("deployment", f"{db}.{name}")
            del self._deployments[db, name]

    def describe(self, table: Table) -> dict[str, Any]:
        """A table as GET /dbs/{db}/tables shows it."""
        return {
            "name": table.name,
            "seg_cnt": 8,
            "table_partition_size": 0,
            "tid": table.tid,
            "partition_num": table.partition_num,
            "replica_num": table.replica_num,
            "compress_type": "nocompress",
            "column_desc": [
                _column_to_json(column) for column in table.columns
            ],
            "column_key": [_index_to_json(index) for index in table.indexes],
            "added_column_desc": [],
            "db": table.db,
            "partition_key": [],
            "schema_versions": [],
        }

    def online_rows(self, table: Table) -> int:
        return self._store.count(ONLINE, table.tid)


def require_database(catalog: Catalog, db: str) -> None:
    """The answer of the table listings to an unknown database."""
    if not catalog.has_database(db):
        raise api_error("DB not found")


def _column_to_json(column: ColumnDef) -> dict[str, Any]:
    shown = {"name": column.name, "data_type": T.PROTO[column.type], "not_null": column.not_null, "is_constant": False}
    return shown if column.default is None else shown | {"default_value": T.default_text(column.default, column.type)}


def _index_to_json(index: Index) -> dict[str, Any]:
    shown: dict[str, Any] = {"index_name": index.name, "col_name": index.keys}
    if index.ts:
        shown["ts_name"] = index.ts
    shown["flag"] = 0
    shown["ttl"] = {"ttl_type": index.ttl_type, "abs_ttl": index.abs_ttl, "lat_ttl": index.lat_ttl}
    return shown


def _table_from_json(body: dict[str, Any]) -> Table:
    offline = body.pop("offline")
    columns = [ColumnDef(**column) for column in body.pop("columns")]
    indexes = [Index(**index) for index in body.pop("indexes")]
    return Table(columns=columns, indexes=indexes, offline=OfflineInfo(**offline) if offline else None, **body)
