"""The DuckDB file behind the sandbox: row data, and a table of small JSON objects.

Everything that must survive a restart is in this one file, so a change to the catalogue and to
the rows it describes is one transaction.  Row tables have positional columns c0, c1, ... (their
engine names live in the catalogue) and `seq`, the order of arrival that windows break ties with.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from . import sqltypes as T

ONLINE, OFFLINE = "online", "offline"


class Store:
    """Owns the database.  `read` may be used from many threads; `write` is one at a time."""

    def __init__(self, directory: Path) -> None:
        self._connection = duckdb.connect(str(directory / "sandbox.duckdb"))
        self._lock = threading.RLock()
        self._writer = self._connection.cursor()
        self._depth = 0
        self.after_commit: Callable[[], None] | None = None
        self._journal_lock = threading.Lock()
        self._journal = self._connection.cursor()
        self._writer.execute("CREATE SCHEMA IF NOT EXISTS online")
        self._writer.execute("CREATE SCHEMA IF NOT EXISTS offline")
        self._writer.execute(
            "CREATE TABLE IF NOT EXISTS objects"
            "(kind VARCHAR, name VARCHAR, body VARCHAR, PRIMARY KEY (kind, name))"
        )
        self._writer.execute("CREATE TABLE IF NOT EXISTS jobs(id INTEGER PRIMARY KEY, body VARCHAR)")

    def close(self) -> None:
        """Waits for a write under way, then folds the log into the file."""
        with self._lock, self._journal_lock:
            self._connection.close()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own, so that one statement can be interrupted without the others."""
        return self._connection.cursor()

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction; nested uses join the outer one.  `after_commit` must not wait for another one."""
        with self._lock:
            outermost = self._depth == 0
            if outermost:
                self._writer.execute("BEGIN")
            self._depth += 1
            try:
                yield self._writer
            except BaseException:
                if outermost:
                    self._writer.execute("ROLLBACK")
                raise
            else:
                if outermost:
                    self._writer.execute("COMMIT")
                    if self.after_commit is not None:
                        self.after_commit()
            finally:
                self._depth -= 1

    def save(self, kind: str, name: str, body: dict[str, Any]) -> None:
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", [kind, name, json.dumps(body)])

    def remove(self, kind: str, name: str) -> None:
        with self.write() as connection:
            connection.execute("DELETE FROM objects WHERE kind = ? AND name = ?", [kind, name])

    def load(self, kind: str) -> list[dict[str, Any]]:
        rows = self.cursor().execute("SELECT body FROM objects WHERE kind = ? ORDER BY name", [kind]).fetchall()
        return [json.loads(body) for (body,) in rows]

    def save_job(self, job_id: int, body: dict[str, Any]) -> None:
        """Outside of `write`: a job must be able to change its state while another one loads."""
        with self._journal_lock:
            self._journal.execute("INSERT OR REPLACE INTO jobs VALUES (?, ?)", [job_id, json.dumps(body)])

    def load_jobs(self) -> list[dict[str, Any]]:
        return [json.loads(body) for (body,) in self.cursor().execute("SELECT body FROM jobs").fetchall()]

    def create_rows(self, tid: int, types: list[str]) -> None:
        """The empty online and offline tables of a new table."""
        columns = ", ".join(f"c{i} {T.DUCKDB[type_]}" for i, type_ in enumerate(types))
        with self.write() as connection:
            for storage in (ONLINE, OFFLINE):
                connection.execute(f"CREATE TABLE {storage}.t{tid} ({columns}, seq BIGINT)")

    def drop_rows(self, tid: int) -> None:
        with self.write() as connection:
            for storage in (ONLINE, OFFLINE):
                connection.execute(f"DROP TABLE IF EXISTS {storage}.t{tid}")

    def append(self, storage: str, tid: int, source: str, params: list[Any] | None = None) -> None:
        """Adds the rows of `source`, a query giving c0 .. cn and a `seq` counting from 0."""
        with self.write() as connection:
            target = f"{storage}.t{tid}"
            base = connection.execute(f"SELECT coalesce(max(seq) + 1, 0) FROM {target}").fetchone()[0]
            connection.execute(f"INSERT INTO {target} SELECT * REPLACE (seq + {base} AS seq) FROM ({source})", params)

    def clear(self, storage: str, tid: int) -> None:
        with self.write() as connection:
            connection.execute(f"DELETE FROM {storage}.t{tid}")

    def count(self, storage: str, tid: int) -> int:
        return self.cursor().execute(f"SELECT count(*) FROM {storage}.t{tid}").fetchone()[0]
