"""The TaskManager: statements that become jobs, and what is asked about jobs."""

from __future__ import annotations

from typing import Any

from ..dialect import parse_query, tokenize
from ..engine import MODES, Call, Engine, batch_sql_failure
from ..errors import SqlError
from ..files import JobFailure
from ..jobs import FINISHED
from . import messages as M
from .brpc import Answer, Method

SERVICE = "openmldb.taskmanager.TaskManagerServer"

# longer than any client waits: the end of a wait is the client's deadline
_WAIT_MS = 24 * 3_600_000


class TaskManager:
    """All methods over one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        offline, online = self._submitter(offline=True), self._submitter(offline=False)
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

    def _submitter(self, offline: bool) -> Any:
        def submit(request: dict[str, Any], attachment: bytes) -> Answer:
            mode = (("offsync" if offline else "onsync") if request["sync_job"] else ("offasync" if offline else "online"))
            try:
                result = self._engine.execute(Call(request["default_db"], request["sql"], MODES[mode], _WAIT_MS, []))
            except (SqlError, JobFailure) as error:
                return _refused(error.message)
            if result is None:
                return _refused("no job: the statement is none for the TaskManager")
            return self._job_answer(result.rows[0][0])

        return submit

    def _run_batch_sql(self, request: dict[str, Any], attachment: bytes) -> Answer:
        try:
            tree = parse_query(tokenize(request["sql"].strip().rstrip(";")), request["sql"])
            call = Call(request["default_db"], request["sql"], MODES["offsync"], _WAIT_MS, [])
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
