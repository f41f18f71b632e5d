"""The job table and the threads that run jobs.

A job goes Submitted, RUNNING, then FINISHED or FAILED; STOP JOB makes it STOPPED at once, and a
server that ends while it runs leaves KILLED.  Nothing of a job's failure reaches the statement
that started it: the reason is in the job's log alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb

from . import sqltypes as T
from .errors import SqlError, command_error
from .files import JobFailure
from .store import Store

JOB_COLUMNS = [
    ("job_id", T.INT32), ("job_type", T.STRING), ("state", T.STRING), ("start_time", T.TIMESTAMP),
    ("end_time", T.TIMESTAMP), ("parameter", T.STRING), ("cluster", T.STRING), ("application_id", T.STRING),
    ("error", T.STRING), ("db", T.STRING), ("name", T.STRING), ("pid", T.INT32), ("cur_task", T.STRING),
    ("component", T.STRING),
]

SUBMITTED, RUNNING, FINISHED, FAILED, STOPPED, KILLED, LOST = (
    "Submitted", "RUNNING", "FINISHED", "FAILED", "STOPPED", "KILLED", "LOST",
)
# what a synchronous caller waits for; a stopped job is not among them, so its caller times out
FINAL = (FINISHED, FAILED, KILLED, LOST)

_WORKERS = 4
_FLIP_DELAY_S = 0.5


class Stopped(Exception):
    """Raised inside a job's work once the job is no longer wanted."""


@dataclass
class Job:
    """One row of the job table, and the job's output."""

    id: int
    job_type: str
    parameter: str
    start_ms: int
    state: str = SUBMITTED
    end_ms: int | None = None
    stdout: str = ""
    stderr: str = ""

    def row(self) -> list[Any]:
        return [
            self.id, self.job_type, self.state, self.start_ms, self.end_ms, self.parameter, "local[*]",
            f"local-{self.start_ms}", "", None, None, None, None, "TaskManager",
        ]

    def log(self) -> str:
        return f"Stdout:\n{self.stdout}\n\nStderr:\n{self.stderr}"


class JobContext:
    """What a job's work sees of its job."""

    def __init__(self, job: Job, connection: duckdb.DuckDBPyConnection) -> None:
        self.job = job
        self.connection = connection
        self.stopping = threading.Event()

    def check(self) -> None:
        """To be called before every effect: a stopped job must leave none behind."""
        if self.stopping.is_set():
            raise Stopped

    def stop(self) -> None:
        self.stopping.set()
        self.connection.interrupt()


class Ended(Exception):
    """Raised by a job's work to end the job in a state other than FINISHED and FAILED."""

    def __init__(self, state: str, stderr: str = "") -> None:
        super().__init__(state)
        self.state = state
        self.stderr = stderr


Work = Callable[[JobContext], str]
"""Does the job and returns its standard output; any exception fails the job."""


class JobTable:
    """All jobs ever submitted to this directory."""

    def __init__(self, store: Store, slow_job_ms: int = 0, fail_after_finish: bool = False) -> None:
        self._store = store
        self._slow_s = slow_job_ms / 1000
        self._fail_after_finish = fail_after_finish
        self._changed = threading.Condition()
        self._jobs = {body["id"]: Job(**body) for body in store.load_jobs()}
        self._contexts: dict[int, JobContext] = {}
        self._closed = False
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="job")
        for job in self._jobs.values():
            if job.state in (SUBMITTED, RUNNING):
                self._enter(job, KILLED)

    def close(self) -> None:
        """Kills what still runs and waits until no job touches the store."""
        with self._changed:
            self._closed = True
            for context in self._contexts.values():
                self._enter(context.job, KILLED)
                context.stop()
            self._changed.notify_all()  # who waits for a job that was STOPPED, which is no end to the engine
        self._pool.shutdown(wait=True, cancel_futures=True)

    def submit(self, job_type: str, parameter: str, work: Work) -> Job:
        """Creates the job and hands it to a thread; returns it as it was submitted."""
        with self._changed:
            if self._closed:
                raise command_error("the server is shutting down")
            job = Job(max(self._jobs, default=0) + 1, job_type, parameter, _now_ms())
            self._jobs[job.id] = job
            self._save(job)
            context = JobContext(job, self._store.cursor())
            self._contexts[job.id] = context
            submitted = replace(job)
        self._pool.submit(self._run, context, work)
        return submitted

    def find(self, job_id: int) -> Job:
        """A snapshot of a job."""
        with self._changed:
            job = self._jobs.get(job_id)
            if job is None:
                raise command_error(f"Job not found: {job_id}")
            return replace(job)

    def all(self) -> list[Job]:
        with self._changed:
            return [replace(job) for _, job in sorted(self._jobs.items())]

    def stop(self, job_id: int) -> Job:
        """STOP JOB: a job past its end stays as it is."""
        with self._changed:
            context = self._contexts.get(job_id)
            if context is not None and context.job.state in (SUBMITTED, RUNNING):
                self._enter(context.job, STOPPED)
                context.stop()
        return self.find(job_id)

    def wait(self, job_id: int, timeout_s: float) -> Job | None:
        """The job once it is final, or the table is closed; None when the time is over."""
        with self._changed:
            done = self._changed.wait_for(lambda: self._closed or self._jobs[job_id].state in FINAL, timeout_s)
        return self.find(job_id) if done else None

    def _run(self, context: JobContext, work: Work) -> None:
        job = context.job
        self._move(job, RUNNING)
        context.stopping.wait(self._slow_s)
        try:
            context.check()
            output = work(context)
        except Stopped:
            pass  # whoever stopped the job has set its state
        except Ended as end:
            self._move(job, end.state, stderr=end.stderr)
        except Exception as error:  # whatever goes wrong in a job ends as its log
            self._move(job, FAILED, stderr=_java_trace(job, error))
        else:
            self._move(job, FINISHED, stdout=output)
        with self._changed:
            self._contexts.pop(job.id, None)
        context.connection.close()
        if self.fails_after_finish(job) and job.state == FINISHED:
            context.stopping.wait(_FLIP_DELAY_S)
            self._move_finished_to_failed(job)

    def fails_after_finish(self, job: Job) -> bool:
        """Whether a job that finished turns FAILED."""
        return self._fail_after_finish

    def _move(self, job: Job, state: str, stdout: str = "", stderr: str = "") -> None:
        """A step of the running job; STOPPED and KILLED, set from outside, are never left again."""
        with self._changed:
            if job.state in (SUBMITTED, RUNNING):
                job.stdout, job.stderr = stdout, stderr
                self._enter(job, state)

    def _move_finished_to_failed(self, job: Job) -> None:
        with self._changed:
            if not self._closed:
                job.stderr = "java.lang.IllegalStateException: driver exited with code 1 after the job had finished"
                self._enter(job, FAILED)

    def _enter(self, job: Job, state: str) -> None:
        with self._changed:
            job.state = state
            if state not in (SUBMITTED, RUNNING):
                job.end_ms = _now_ms()
            self._save(job)
            self._changed.notify_all()

    def _save(self, job: Job) -> None:
        self._store.save_job(job.id, asdict(job))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _java_trace(job: Job, error: Exception) -> str:
    """The failure as a driver would print it."""
    if isinstance(error, JobFailure):
        name, message = error.exception, error.message
    elif isinstance(error, SqlError):
        name, message = "com._4paradigm.hybridse.sdk.HybridSeException", error.message
    else:
        name, message = "java.lang.RuntimeException", str(error)
    main = f"com._4paradigm.openmldb.batchjob.{job.job_type}"
    return (
        f"{name}: {message}\n"
        f"\tat {main}$.main({job.job_type}.scala)\n"
        f"\tat {main}.main({job.job_type}.scala)\n"
        f"Caused by: {name}: {message}\n"
    )
