"""The tables an SDK expects in every cluster: it plans its reads of jobs and variables against them.

They exist in ZooKeeper alone; reads of them are answered from what the sandbox knows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .. import sqltypes as T
from ..catalog import ColumnDef, Index, Table
from ..show import Result, strings

if TYPE_CHECKING:
    from ..engine import Engine

INTERNAL, INFORMATION = "__INTERNAL_DB", "INFORMATION_SCHEMA"

# far above those of the catalogue, which count from 1
_FIRST_TID = 1 << 30

_JOB_COLUMNS = [
    ("id", T.INT32), ("job_type", T.STRING), ("state", T.STRING), ("start_time", T.TIMESTAMP),
    ("end_time", T.TIMESTAMP), ("parameter", T.STRING), ("cluster", T.STRING), ("application_id", T.STRING),
    ("error", T.STRING),
]
_PRE_AGG_COLUMNS = [(name, T.STRING) for name in (
    "aggr_table", "aggr_db", "base_db", "base_table", "aggr_func", "aggr_col", "partition_cols", "order_by_col",
    "bucket_size", "filter_col",
)]
_VARIABLE_COLUMNS = [("Variable_name", T.STRING), ("Variable_value", T.STRING)]


def _table(ordinal: int, db: str, name: str, columns: list[tuple[str, str]], latest: int) -> Table:
    key = columns[0][0]
    index = Index(key, [key], "", "latest" if latest else "absolute", 0, latest)
    return Table(_FIRST_TID + ordinal, db, name, [ColumnDef(*column) for column in columns], [index])


JOB_INFO = _table(0, INTERNAL, "JOB_INFO", _JOB_COLUMNS, 1)
PRE_AGG_META_INFO = _table(1, INTERNAL, "PRE_AGG_META_INFO", _PRE_AGG_COLUMNS, 0)
GLOBAL_VARIABLES = _table(2, INFORMATION, "GLOBAL_VARIABLES", _VARIABLE_COLUMNS, 1)
TABLES = [JOB_INFO, PRE_AGG_META_INFO, GLOBAL_VARIABLES]

# a real nameserver fills in these and no others
_SHOWN_GLOBALS = ("execute_mode", "enable_trace", "sync_job", "job_timeout")

_JOB_QUERY = re.compile(r"\bJOB_INFO\b`?(?:\s+WHERE\s+`?id`?\s*=\s*(\d+))?", re.IGNORECASE)


def answer(engine: Engine, db: str, sql: str) -> Result | None:
    """The rows of a query of a system table; None where it is about something else."""
    if "PRE_AGG_META_INFO" in sql:
        return strings(["aggr_db", "aggr_table"], [])
    if db == INFORMATION and "GLOBAL_VARIABLES" in sql:
        known = dict(engine.variables.globals())
        return strings([name for name, _ in _VARIABLE_COLUMNS], [[name, known[name]] for name in _SHOWN_GLOBALS])
    match = _JOB_QUERY.search(sql) if db == INTERNAL or INTERNAL in sql else None
    return _jobs(engine, match[1]) if match else None


def _jobs(engine: Engine, job_id: str | None) -> Result:
    found = [job for job in engine.jobs.all() if job_id is None or job.id == int(job_id)]
    names, types = [name for name, _ in _JOB_COLUMNS], [type_ for _, type_ in _JOB_COLUMNS]
    return Result(names, types, [job.row()[:len(names)] for job in found])
