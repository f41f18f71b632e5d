"""Answers of SHOW and DESC."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from . import sqltypes as T
from . import text_table
from .catalog import ColumnDef, Deployment, Index, Table
from .commands import Show
from .errors import command_error
from .jobs import JOB_COLUMNS, Job

if TYPE_CHECKING:
    from .engine import Engine


class Result(NamedTuple):
    """Rows with their column names and types."""

    names: list[str]
    types: list[str]
    rows: Sequence[Sequence[Any]]


def strings(names: list[str], rows: Sequence[Sequence[Any]]) -> Result:
    """A result of nothing but strings."""
    return Result(names, [T.STRING] * len(names), rows)


def text(content: str) -> Result:
    """The one-cell form of formatted text."""
    return strings(["FORMAT_STRING_KEY"], [[content]])


def jobs(found: Sequence[Job]) -> Result:
    """Rows of the job table."""
    return Result([name for name, _ in JOB_COLUMNS], [type_ for _, type_ in JOB_COLUMNS], [j.row() for j in found])


def answer(engine: Engine, statement: Show, db: str) -> Result:
    """The answer of one SHOW statement."""
    return _ANSWERS[statement.what](engine, statement, statement.db or db)


def _databases(engine: Engine, statement: Show, db: str) -> Result:
    return strings(["Databases"], [[name] for name in engine.catalog.databases()])


def _tables(engine: Engine, statement: Show, db: str) -> Result:
    return strings(["Tables"], [[table.name] for table in engine.catalog.tables(db)])


def _table_status(engine: Engine, statement: Show, db: str) -> Result:
    names = [
        "Table_id", "Table_name", "Database_name", "Storage_type", "Rows", "Memory_data_size", "Disk_data_size",
        "Partition", "Partition_unalive", "Replica", "Offline_path", "Offline_format", "Offline_symbolic_paths",
        "Warnings",
    ]
    rows = []
    for table in engine.catalog.tables(db):
        info = table.offline
        rows.append([
            str(table.tid), table.name, table.db, table.storage_mode, str(engine.catalog.online_rows(table)), "0", "0",
            str(table.partition_num), "0", str(table.replica_num),
            f"offline/{table.db}/{table.name}" if info and info.deep else "NULL",
            "parquet" if info and info.deep else "NULL",
            ",".join(entry["path"] for entry in info.paths) if info and info.paths else "NULL", "",
        ])
    return strings(names, rows)


def _jobs(engine: Engine, statement: Show, db: str) -> Result:
    """LIKE matches the job type.  Index loading is immediate here, so the name server has no jobs."""
    if statement.name == "NAMESERVER":
        return jobs([])
    found = engine.jobs.all()
    if statement.pattern is not None:
        pattern = re.compile(_like(statement.pattern), re.IGNORECASE | re.DOTALL)
        found = [job for job in found if pattern.fullmatch(job.job_type)]
    return jobs(found)


def _like(pattern: str) -> str:
    return "".join({"%": ".*", "_": "."}.get(char, re.escape(char)) for char in pattern)


def _job(engine: Engine, statement: Show, db: str) -> Result:
    return jobs([engine.jobs.find(int(statement.name))])


def _joblog(engine: Engine, statement: Show, db: str) -> Result:
    return text(engine.jobs.find(int(statement.name)).log())


def _variables(engine: Engine, statement: Show, db: str) -> Result:
    return strings(["Variable_name", "Value"], engine.variables.session())


def _global_variables(engine: Engine, statement: Show, db: str) -> Result:
    return strings(["Variable_name", "Variable_value"], engine.variables.globals())


def _deployments(engine: Engine, statement: Show, db: str) -> Result:
    return strings(["DB", "Deployment"], [[d.db, d.name] for d in engine.catalog.deployments(db)])


def _deployment(engine: Engine, statement: Show, db: str) -> Result:
    deployment = engine.catalog.find_deployment(db, statement.name)
    if deployment is None:
        raise command_error(f"deployment {db}.{statement.name} not found")
    return text(_deployment_text(engine, deployment))


def _deployment_text(engine: Engine, deployment: Deployment) -> str:
    compiled = engine.deployments.compiled(deployment)
    plan = compiled.plan
    inputs = [(c.name, c.type) for c in compiled.table.columns]
    return "\n".join([
        text_table.render(["DB", "Deployment"], [[deployment.db, deployment.name]]),
        text_table.render(["SQL"], [[deployment.statement]]),
        "# Input Schema", _schema(inputs),
        "# Output Schema", _schema(list(zip(plan.names, plan.types))),
    ])


def _schema(columns: list[tuple[str, str]]) -> str:
    rows = [[i, name, T.CAPITALISED[type_], "NO"] for i, (name, type_) in enumerate(columns, start=1)]
    return text_table.render(["#", "Field", "Type", "IsConstant"], rows)


def describe(table: Table) -> Result:
    """DESC: columns, then indexes."""
    columns = [
        [i, c.name, T.CAPITALISED[c.type], "NO" if c.not_null else "YES", _default(c)]
        for i, c in enumerate(table.columns, start=1)
    ]
    indexes = [
        [i, x.name, "|".join(x.keys), x.ts or "-", _ttl(x), f"k{x.ttl_type.capitalize()}Time"]
        for i, x in enumerate(table.indexes, start=1)
    ]
    return text(
        text_table.render(["#", "Field", "Type", "Null", "Default"], columns)
        + text_table.render(["#", "name", "keys", "ts", "ttl", "ttl_type"], indexes)
    )


def _default(column: ColumnDef) -> str:
    return "" if column.default is None else T.default_text(column.default, column.type)


def _ttl(index: Index) -> str:
    return {
        "absolute": f"{index.abs_ttl}min",
        "latest": str(index.lat_ttl),
    }.get(index.ttl_type, f"{index.abs_ttl}min,{index.lat_ttl}")


_ANSWERS: dict[str, Callable[[Engine, Show, str], Result]] = {
    "DATABASES": _databases,
    "TABLES": _tables,
    "TABLE STATUS": _table_status,
    "JOBS": _jobs,
    "JOB": _job,
    "JOBLOG": _joblog,
    "VARIABLES": _variables,
    "GLOBAL VARIABLES": _global_variables,
    "DEPLOYMENTS": _deployments,
    "DEPLOYMENT": _deployment,
}
