"""The sandbox's side: the plans of its batch jobs over the tables of a world, in this process.

A job writes text; here the rows are wanted with their types.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "plugins/openmldb/sandbox"))

import files  # noqa: E402
from files import OUT  # noqa: E402
from queries import Query  # noqa: E402
from openmldb_sandbox import sqltypes  # noqa: E402
from openmldb_sandbox.dialect import parse_query  # noqa: E402
from openmldb_sandbox.engine import MODES, Call, Engine, run  # noqa: E402
from openmldb_sandbox.errors import SqlError  # noqa: E402
from openmldb_sandbox.query import plan_query  # noqa: E402
from openmldb_sandbox.relations import BATCH  # noqa: E402
from openmldb_sandbox.statements import parse_statement  # noqa: E402
from openmldb_sandbox.zone import Zone  # noqa: E402

DATABASE = "demo_db"


class SandboxSide:
    """Answers queries over the tables set last."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="oracle-sandbox-")
        self._engine = Engine(Path(self._folder.name), Zone("Asia/Shanghai"))
        self._execute(f"CREATE DATABASE {DATABASE}", "online")

    def set_tables(self, tables: list[dict]) -> None:
        for table in tables:
            name = table["table"]
            columns = ", ".join(f"{column} {type_}" for column, type_ in table["columns"])
            rows = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in table["rows"])
            self._execute(f"DROP TABLE IF EXISTS {name}", "online")
            self._execute(f"CREATE TABLE {name}({columns})", "online")
            job = self._execute(f"INSERT INTO {name} VALUES {rows}", "offsync")
            assert job.rows[0][2] == "FINISHED", self._engine.jobs.find(job.rows[0][0]).log()

    def query(self, query: Query) -> dict:
        """{"names", "types", "rows"}, {"files"} or {"refused": reason}."""
        if query.load is not None:
            return self._loaded(query)
        return self._selected(query.sql) if OUT not in query.sql else self._written(query)

    def _written(self, query: Query) -> dict:
        """By a job, as a user has it."""
        with tempfile.TemporaryDirectory(prefix="out-", dir=self._folder.name) as parent:
            folder = Path(parent) / "out"
            try:
                for sql in filter(None, (query.earlier, query.sql)):
                    job = self._execute(sql.replace(OUT, str(folder)), "offsync").rows[0]
            except SqlError as error:
                return {"refused": f"[{error.code}] {error.message}"}
            return files.written(folder, query.sql) if job[2] == "FINISHED" else {"refused": self._engine.jobs.find(job[0]).log()}

    def _loaded(self, query: Query) -> dict:
        path = Path(self._folder.name) / "load.csv"
        path.write_bytes(query.load.encode())
        columns = ", ".join(f"{name} {type_}" for name, type_ in query.columns)
        options = "".join(f", {name}={literal(value)}" for name, value in query.options.items())
        self._execute("DROP TABLE IF EXISTS loaded", "online")
        self._execute(f"CREATE TABLE loaded({columns})", "online")
        job = self._execute(f"LOAD DATA INFILE '{path}' INTO TABLE loaded OPTIONS(mode='append'{options})", "offsync").rows[0]
        return self._selected("SELECT * FROM loaded") if job[2] == "FINISHED" else {"refused": self._engine.jobs.find(job[0]).log()}

    def _selected(self, sql: str) -> dict:
        try:
            tree = parse_query(parse_statement(sql).tokens, sql)
            with self._engine.tables.offline_sources() as find:
                plan = plan_query(tree, find, DATABASE, BATCH)
                rows = run(self._engine.store, plan.ordered)
        except SqlError as error:
            return {"refused": f"[{error.code}] {error.message}"}
        return {
            "names": plan.names,
            "types": [sqltypes.CAPITALISED[type_] for type_ in plan.types],
            "rows": [[str(value) if type_ == sqltypes.DATE and value else value
                      for value, type_ in zip(row, plan.types)] for row in rows],
        }

    def close(self) -> None:
        self._engine.close()
        self._folder.cleanup()

    def _execute(self, sql: str, mode: str) -> Any:
        return self._engine.execute(Call(DATABASE, sql, MODES[mode], 60_000, []))


def literal(value: Any) -> str:
    """A value as SQL."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    if isinstance(value, bool):
        return str(value).lower()
    return "NULL" if value is None else repr(value)
