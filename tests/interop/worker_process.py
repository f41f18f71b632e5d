"""What a worker is to the scenarios, whichever program it is."""

import os
import signal
from pathlib import Path

import settings
from waiting import port_is_open, until


class WorkerProcess:
    """One worker of a ControlPlane; it keeps address and data across restarts. A subclass says how it is started."""

    name = "worker"
    kind = "?"
    exec_threads = 50  # fewer than test_many has tasks, so that some wait

    def __init__(self, plane):
        self.plane = plane
        self.port, self.http_port = plane.ports["worker"], plane.ports["worker_http"]
        self.address = f"127.0.0.1:{self.port}"
        self.node = f"/{settings.NAMESPACE}/nodes/worker/{self.address}"
        self.process = None

    def start(self):
        self.process = self.launch()
        until(self._ready, f"the registration of {self.address}", 120)

    def launch(self):
        raise NotImplementedError

    def log_is_complete(self, text):
        """Whether a task log that is read after the task's end has all of it."""
        raise NotImplementedError

    def kill_hard(self):
        """kill -9 of the worker alone: what its tasks started lives on if the worker lets it."""
        self.process.kill()
        self.process.wait(30)

    def restart(self):
        self.start()

    def terminate(self, seconds=60):
        """SIGTERM; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def registration(self):
        """The session that owns the worker's node, or None."""
        with self.plane.zookeeper() as zookeeper:
            return zookeeper.owner(self.node)

    def environment(self):
        return {"PYTHON_HOME": os.environ.get("PORPOISE_PYTHON") or "/usr/bin/python3"}

    def _ready(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"the worker ended early; {self.log()} ends:\n{self.log().read_text()[-3000:]}")
        return port_is_open(self.port) and self.registration() is not None

    def log(self) -> Path:
        return self.plane.log_file(self.name)
