"""Runs statements: what each one means in each mode, and what its answer looks like."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from . import show
from . import sqltypes as T
from .catalog import Catalog, ColumnDef, Index, Table
from .commands import (
    CreateDatabase, CreateTable, Deploy, Describe, DropDatabase, DropDeployment, DropTable, Insert,
    LoadData, Select, SelectInto, SetVariable, Show, StopJob, Use,
)
from .deploy import Deployments
from .dialect import parse_query
from .errors import RUNTIME, SqlError, command_error, server_error
from .exporter import Exporter
from .file_options import ExportOptions, LoadOptions, local_options
from .files import JobFailure, Places
from .jobs import FINISHED, Job, JobTable, Work
from .loader import Loader
from .offline import Offline
from .query import plan_query
from .relations import ONLINE_BATCH
from .request_query import RequestQuery
from .show import Result
from .statements import parse_statement
from .store import ONLINE, Store
from .tables import Tables, complete_rows
from .token_reader import Parameter
from .values import literal
from .variables import Variables
from .zone import Zone


class Mode(NamedTuple):
    """Where a statement runs, and whether its job is waited for."""

    offline: bool
    sync: bool


MODES = {
    "offsync": Mode(True, True), "offasync": Mode(True, False),
    "online": Mode(False, False), "onsync": Mode(False, True),
}


class Call(NamedTuple):
    """One POST /dbs/{db}: the text and everything that came with it."""

    db: str
    text: str
    mode: Mode
    timeout_ms: int
    params: Sequence[tuple[str, Any]]


class Engine:
    """Everything behind the REST layer."""

    def __init__(
        self, directory: Path, zone: Zone, slow_job_ms: int = 0, fail_after_finish: bool = False,
        job_table: type[JobTable] = JobTable, places: Places | None = None,
    ) -> None:
        self.store = Store(directory)
        self.catalog = Catalog(self.store)
        self.jobs = job_table(self.store, slow_job_ms, fail_after_finish)
        self.variables = Variables()
        scratch = directory / "scratch"
        scratch.mkdir(exist_ok=True)
        for leftover in scratch.glob("*.csv"):
            leftover.unlink()
        places = places or Places()
        loader = Loader(zone, scratch, places)
        self._exporter = Exporter(zone, places)
        self.tables = Tables(self.catalog, self.store, loader)
        self.deployments = Deployments(self.catalog, self.store, self.tables)
        self._requests = RequestQuery(self.store, self.tables, self.deployments)
        self._offline = Offline(self.catalog, self.store, self.tables, loader, self._exporter)

    def close(self) -> None:
        self.jobs.close()
        self.store.close()

    def execute(self, call: Call) -> Result | None:
        """Runs the first statement of the text; None where the answer has no rows."""
        return self.run(parse_statement(call.text), call)

    def run(self, statement: Any, call: Call) -> Result | None:
        """The same for a statement (one of `commands`) that did not come as text."""
        return _HANDLERS[type(statement)](self, statement, call)

    def _create_database(self, statement: CreateDatabase, call: Call) -> None:
        self.catalog.create_database(statement.name, statement.if_not_exists)

    def _drop_database(self, statement: DropDatabase, call: Call) -> None:
        self.catalog.drop_database(statement.name, statement.if_exists)

    def _use(self, statement: Use, call: Call) -> None:
        if not self.catalog.has_database(statement.name):
            raise command_error("Use database failed for database not found")

    def _set(self, statement: SetVariable, call: Call) -> None:
        self.variables.set(statement.name, statement.value, statement.is_global)

    def _create_table(self, statement: CreateTable, call: Call) -> None:
        options = statement.options
        table = Table(
            0, statement.db or call.db, statement.name, statement.columns,
            statement.indexes or [Index("INDEX_0", [_default_key(statement.columns)])],
            _count(options, "partitionnum", 8), _count(options, "replicanum", 1),
            str(options.get("storage_mode", "Memory")),
        )
        _check_table(table)
        self.catalog.create_table(table, statement.if_not_exists)

    def _drop_table(self, statement: DropTable, call: Call) -> None:
        db = statement.db or call.db
        with self.store.write():
            users = self.deployments.using(db, statement.name)
            if users:
                raise server_error("fail to drop", f"table has deployments: {', '.join(users)}")
            self.catalog.drop_table(db, statement.name, statement.if_exists)

    def _show(self, statement: Show, call: Call) -> Result:
        return show.answer(self, statement, call.db)

    def _describe(self, statement: Describe, call: Call) -> Result:
        return show.describe(self.tables.require(statement.db or call.db, statement.name))

    def _stop_job(self, statement: StopJob, call: Call) -> Result:
        return show.jobs([self.jobs.stop(statement.id)])

    def _insert(self, statement: Insert, call: Call) -> Result | None:
        rows = [[_argument(value, call) for value in row] for row in statement.rows]
        if call.mode.offline:
            work = self._offline.insert(statement, call.db, rows)
            return self._job("InsertOfflineData", call, work, "insert offline data failed")
        table = self.tables.require(statement.db or call.db, statement.name)
        self.tables.insert(ONLINE, table, complete_rows(table, statement.columns, rows))
        return None

    def _load(self, statement: LoadData, call: Call) -> Result | None:
        given = {name.lower(): value for name, value in statement.options.items()}
        load_mode = str(given.get("load_mode", "cluster")).lower()
        if load_mode == "local":
            return self._load_local(statement, call)
        if load_mode != "cluster":
            raise command_error("load_mode must be local or cluster")
        storage, job_type = ("offline", "ImportOfflineData") if call.mode.offline else (ONLINE, "ImportOnlineData")
        work = self._offline.load(statement, call.db, storage)
        return self._job(job_type, call, work, "taskmanager load data failed")

    def _load_local(self, statement: LoadData, call: Call) -> None:
        """load_mode='local': no job, errors are the statement's own."""
        if call.mode.offline:
            raise command_error("local load only supports loading data to online storage")
        table = self.tables.require(statement.db or call.db, statement.name)
        try:
            options = local_options(statement.options, LoadOptions(mode="append", quote=""))
            if options.mode != "append":
                raise command_error("local load mode must be append")
            self._offline.import_file(None, table, statement.path, options, ONLINE)
        except JobFailure as failure:
            raise command_error(f"local load failed: {failure.message}") from None

    def _select(self, statement: Select, call: Call) -> Result:
        tree = parse_query(statement.tokens, call.text)
        if not call.mode.offline:
            if statement.config.is_request:
                return Result(*self._requests.run(statement, tree, call.text, call.db))
            return Result(*self._run_online(tree, call))
        if not call.mode.sync:
            return self._job("RunBatchAndShow", call, self._offline.select(tree, call.db), "")
        job = self.run_batch_sql(tree, call)
        if job.state != FINISHED:
            raise server_error("sync offline query failed", batch_sql_failure(job))
        return show.text(job.stdout)

    def run_batch_sql(self, tree: Any, call: Call) -> Job:
        """The job of a synchronous offline SELECT, in the state it had when the wait ended."""
        job_id = self.jobs.submit("RunBatchSql", call.text, self._offline.select(tree, call.db)).id
        return self.jobs.wait(job_id, call.timeout_ms / 1000) or self.jobs.find(job_id)

    def _run_online(self, tree: Any, call: Call) -> tuple[list[str], list[str], list[tuple]]:
        params = [literal(value, type_) for type_, value in call.params]
        plan = plan_query(tree, self.tables.find_online, call.db, ONLINE_BATCH, params)
        return plan.names, plan.types, run(self.store, plan.ordered)

    def _select_into(self, statement: SelectInto, call: Call) -> Result | None:
        tree = parse_query(statement.tokens, call.text)
        if call.mode.offline:
            work = self._offline.select_into(statement, tree, call.db)
            return self._job("ExportOfflineData", call, work, "taskmanager select into failed")
        try:
            options = local_options(statement.options, ExportOptions(quote=""))
            names, types, rows = self._run_online(tree, call)
            self._exporter.write_file(statement.path, names, types, rows, options)
        except JobFailure as failure:
            raise command_error(failure.message) from None
        return None

    def _deploy(self, statement: Deploy, call: Call) -> None:
        if call.mode.offline:
            raise command_error(
                "Can not deploy in offline mode, please set @@SESSION.execute_mode='online'"
            )
        self.deployments.deploy(statement, call.text, call.db)

    def _drop_deployment(self, statement: DropDeployment, call: Call) -> None:
        self.deployments.drop(statement.db or call.db, statement.name)

    def _job(self, job_type: str, call: Call, work: Work, what: str) -> Result:
        """Submits a job and answers with its row: at once, or when it is final in a sync mode."""
        submitted = self.jobs.submit(job_type, call.text, work)
        if not call.mode.sync:
            return show.jobs([submitted])
        job = self.jobs.wait(submitted.id, call.timeout_ms / 1000)
        if job is None:
            raise server_error(what, f"[E1008]Reached timeout={call.timeout_ms}ms, job {submitted.id} goes on", 1004)
        return show.jobs([job])


def batch_sql_failure(job: Job) -> str:
    """What a synchronous offline SELECT says whose job did not finish."""
    return f"The job {job.id} fail and use 'SHOW JOBLOG {job.id}' for more info"


def run(store: Store, sql: str) -> list[tuple]:
    """Executes a planned statement; what DuckDB refuses at run time is the engine's runtime error."""
    with store.cursor() as cursor:
        try:
            return cursor.execute(sql).fetchall()
        except duckdb.Error as error:
            raise SqlError(RUNTIME, f"Fail to run query: {str(error).splitlines()[0]}") from None


def _argument(value: Any, call: Call) -> Any:
    """A constant of an INSERT, or the parameter it stands for."""
    if not isinstance(value, Parameter):
        return value
    if value >= len(call.params):
        raise command_error(f"Fail to insert: {len(call.params)} parameters given, more are used")
    given = call.params[value][1]
    return str(given) if call.params[value][0] == T.DATE else given


def _default_key(columns: Sequence[ColumnDef]) -> str:
    """The key of the index that a table gets without asking: real numbers make none."""
    return next((column.name for column in columns if column.type not in (T.FLOAT, T.DOUBLE)), columns[0].name)


def _count(options: dict[str, Any], key: str, default: int) -> int:
    value = options.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise command_error(f"CREATE TABLE option {key} must be a positive integer")
    return value


def _check_table(table: Table) -> None:
    names = [column.name for column in table.columns]
    if len(set(names)) != len(names):
        raise command_error("CREATE TABLE failed: column name repeated")
    for index in table.indexes:
        for name in [*index.keys, *([index.ts] if index.ts else [])]:
            if name not in names:
                raise command_error(f"CREATE TABLE failed: index column {name} does not exist")
        if index.ts and table.columns[names.index(index.ts)].type not in (T.TIMESTAMP, T.INT64):
            raise command_error(f"CREATE TABLE failed: TS column {index.ts} must be bigint or timestamp")


_HANDLERS = {
    CreateDatabase: Engine._create_database,
    DropDatabase: Engine._drop_database,
    Use: Engine._use,
    SetVariable: Engine._set,
    CreateTable: Engine._create_table,
    DropTable: Engine._drop_table,
    Show: Engine._show,
    Describe: Engine._describe,
    StopJob: Engine._stop_job,
    Insert: Engine._insert,
    LoadData: Engine._load,
    Select: Engine._select,
    SelectInto: Engine._select_into,
    Deploy: Engine._deploy,
    DropDeployment: Engine._drop_deployment,
}
