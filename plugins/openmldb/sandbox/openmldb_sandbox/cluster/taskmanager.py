"""The TaskManager: statements that become jobs, and what is asked about jobs."""

from __future__ import annotations

from typing import Any

from .. import config_clause
from ..dialect import parse_query, tokenize
from ..engine import Call, Engine, Mode, batch_sql_failure
from ..errors import SqlError
from ..jobs import FINISHED, JOB_COLUMNS
from . import messages as M
from .brpc import Answer, Method

SERVICE = "openmldb.taskmanager.TaskManagerServer"

# longer than clients wait (half an hour, unless told otherwise); a wait for a job that was stopped has no other end
_WAIT_MS = 2 * 3_600_000


class TaskManager:
    """All methods over one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

        def offline(request: dict[str, Any], attachment: bytes) -> Answer:
            return self._submit(request, offline=True)

        def online(request: dict[str, Any], attachment: bytes) -> Answer:
            return self._submit(request, offline=False)

        self.methods = {
            "ImportOfflineData": Method(M.SUBMIT_REQUEST, M.JOB_REPLY, offline),
            "ImportOnlineData": Method(M.SUBMIT_REQUEST, M.JOB_REPLY, online),
            "ExportOfflineData": Method(M.SUBMIT_REQUEST, M.JOB_REPLY, offline),
            "InsertOfflineData": Method(M.SUBMIT_REQUEST, M.JOB_REPLY, offline),
            "RunBatchAndShow": Method(M.SUBMIT_REQUEST, M.JOB_REPLY, offline),
            "RunBatchSql": Method(M.SUBMIT_REQUEST, M.OUTPUT_REPLY, self._run_batch_sql),
            "StopJob": Method(M.JOB_REQUEST, M.JOB_REPLY, self._stop_job),
            "GetJobLog": Method(M.JOB_REQUEST, M.OUTPUT_REPLY, self._job_log),
            "DropOfflineTable": Method(M.OFFLINE_TABLE_REQUEST, M.REPLY, self._drop_offline_table),
        }

    def _submit(self, request: dict[str, Any], offline: bool) -> Answer:
        mode = Mode(offline, sync=request["sync_job"])
        try:
            result = self._engine.execute(Call(request["default_db"], request["sql"], mode, _WAIT_MS, []))
        except SqlError as error:
            return _refused(error.message)
        if result is None or result.names[0] != JOB_COLUMNS[0][0]:
            return _refused("no job: the statement is none for the TaskManager")
        return self._job_answer(result.rows[0][0])

    def _run_batch_sql(self, request: dict[str, Any], attachment: bytes) -> Answer:
        try:
            tokens, _ = config_clause.split(tokenize(request["sql"].strip().rstrip(";")), request["sql"])
            tree = parse_query(tokens, request["sql"])
            call = Call(request["default_db"], request["sql"], Mode(offline=True, sync=True), _WAIT_MS, [])
            job = self._engine.run_batch_sql(tree, call)
        except SqlError as error:
            return _refused(error.message)
        if job.state != FINISHED:
            return _refused(batch_sql_failure(job))
        return Answer({"code": 0, "msg": "ok", "output": job.stdout})

    def _stop_job(self, request: dict[str, Any], attachment: bytes) -> Answer:
        try:
            return self._job_answer(self._engine.jobs.stop(request["id"]).id)
        except SqlError:
            return _refused(f"Job does not exist for id: {request['id']}")

    def _job_log(self, request: dict[str, Any], attachment: bytes) -> Answer:
        """Of an unknown job it is empty, and no error."""
        try:
            log = self._engine.jobs.find(request["id"]).log()
        except SqlError:
            log = "Stdout:\n\n\nStderr:\n"
        return Answer({"code": 0, "msg": "ok", "output": log})

    def _drop_offline_table(self, request: dict[str, Any], attachment: bytes) -> Answer:
        """Asked for before the table itself is dropped, which takes the offline rows along."""
        return Answer({"code": 0, "msg": "ok"})

    def _job_answer(self, job_id: int) -> Answer:
        job = self._engine.jobs.find(job_id)
        names = ("id", "job_type", "state", "start_time", "end_time", "parameter", "cluster", "application_id", "error")
        fields = {name: value for name, value in zip(names, job.row()) if value is not None}
        return Answer({"code": 0, "msg": "ok", "job": fields})


def _refused(message: str) -> Answer:
    return Answer({"code": -1, "msg": message})
