"""What the batch jobs do: LOAD DATA, SELECT INTO OUTFILE, SELECT, and offline INSERT.

Each function returns the work of a job.  Whatever a real job would find out only while it runs
(missing files, tables, columns) is found out inside the work and not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from sqlglot import exp

from . import text_table
from .catalog import Catalog, OfflineInfo, Table
from .commands import Insert, LoadData, SelectInto
from .exporter import Exporter
from .file_options import ExportOptions, LoadOptions, batch_options
from .files import requirement_failure
from .jobs import JobContext, Work
from .loader import Loader
from .query import Plan, plan_query
from .relations import BATCH
from .store import OFFLINE, ONLINE, Store
from .tables import Tables, complete_rows


class Offline:
    """Builds the work of jobs over one set of storages."""

    def __init__(self, catalog: Catalog, store: Store, tables: Tables, loader: Loader, exporter: Exporter) -> None:
        self._catalog = catalog
        self._store = store
        self._tables = tables
        self._loader = loader
        self._exporter = exporter

    def load(self, statement: LoadData, db: str, storage: str) -> Work:
        """LOAD DATA into either storage."""

        def work(context: JobContext) -> str:
            options = batch_options(statement.options, LoadOptions())
            if storage == ONLINE and (options.mode != "append" or not options.deep_copy):
                raise requirement_failure(
                    "requirement failed: import to online storage, can't do soft copy, and mode must be append"
                )
            table = self._require(statement.db or db, statement.name)
            return self.import_file(context, table, statement.path, options, storage)

        return work

    def _require(self, db: str, name: str) -> Table:
        table = self._catalog.find(db, name)
        if table is None:
            raise requirement_failure(f"requirement failed: table {db}.{name} info is not existed(no table name)")
        return table

    def import_file(
        self, context: JobContext | None, table: Table, path: str, options: LoadOptions, storage: str
    ) -> str:
        """Reads the file and stores its rows (or remembers its path) in one transaction."""
        relation, scratch = self._loader.relation(path, table.types, options)
        try:
            with self._store.write():
                table = self._require(table.db, table.name)
                info = self._registered(table, path, options) if storage == OFFLINE else None
                if options.mode == "overwrite":
                    self._store.clear(storage, table.tid)
                if options.deep_copy:
                    self._store.append(storage, table.tid, relation)
                if context is not None:
                    context.check()
                # last, because a rollback does not undo what the catalogue keeps in memory
                if info is not None:
                    self._catalog.set_offline(table, info)
        finally:
            if scratch is not None:
                scratch.unlink(missing_ok=True)
        return f"loaded {path} into {storage} storage of {table.db}.{table.name}"

    def _registered(self, table: Table, path: str, options: LoadOptions) -> OfflineInfo:
        """The table's offline information after a load, or the refusal of the write mode."""
        known = table.offline
        if options.mode == "error_if_exists" and known is not None:
            raise requirement_failure(
                f"requirement failed: table {table.db}.{table.name} has offline info(even no deep path), "
                "can't do errorifexists"
            )
        keeps = known is not None and options.mode != "overwrite"
        info = OfflineInfo(known.deep, list(known.paths)) if keeps else OfflineInfo()
        if options.deep_copy:
            info.deep = True
        else:
            info.paths.append({"path": path, "options": asdict(options)})
        return info

    def insert(self, statement: Insert, db: str, rows: list[list[Any]]) -> Work:
        """INSERT into offline storage."""

        def work(context: JobContext) -> str:
            with self._store.write():
                table = self._require(statement.db or db, statement.name)
                complete = complete_rows(table, statement.columns, rows)
                self._tables.insert(OFFLINE, table, complete)
                context.check()
                paths = list(table.offline.paths) if table.offline else []
                self._catalog.set_offline(table, OfflineInfo(True, paths))
            return f"inserted {len(complete)} rows"

        return work

    def select(self, tree: exp.Select, db: str) -> Work:
        """SELECT whose rows are printed as a text table."""

        def work(context: JobContext) -> str:
            with self._planned(context, tree, db) as plan:
                return text_table.render(plan.names, context.connection.execute(plan.ordered).fetchall())

        return work

    def select_into(self, statement: SelectInto, tree: exp.Select, db: str) -> Work:
        """SELECT INTO OUTFILE as a directory of part files."""

        def work(context: JobContext) -> str:
            options = batch_options(statement.options, ExportOptions())
            with self._planned(context, tree, db) as plan:
                return self._exporter.write_directory(statement.path, plan, context.connection, options)

        return work

    @contextmanager
    def _planned(self, context: JobContext, tree: exp.Select, db: str) -> Iterator[Plan]:
        """A plan, as long as the files that it reads are there."""
        with self._tables.offline_sources() as find:
            plan = plan_query(tree, find, db, BATCH)
            context.check()
            yield plan
