"""`porpoise worker`, the worker under test."""

import os
import unittest

from assembly import HERE
from worker_process import WorkerProcess


def binary():
    path = os.environ.get("PORPOISE_BIN")
    candidates = [path] if path else [str(HERE.parents[1] / "build" / preset / "bin" / "porpoise")
                                      for preset in ("check", "release", "dev")]
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    raise unittest.SkipTest("no porpoise binary: build one or set PORPOISE_BIN")


class PorpoiseWorker(WorkerProcess):
    kind = "porpoise"

    def launch(self):
        command = [self.binary(), "worker", *(f"--{key}={value}" for key, value in self.flags().items())]
        return self.plane.spawn(self.name, [*command, "--config", self._configuration()], self.environment())

    def binary(self):
        return binary()

    def flags(self):
        run = self.plane.run
        return {"zookeeper": f"127.0.0.1:{self.plane.ports['zookeeper']}", "listen": self.address,
                "advertise-address": self.address, "http": f"127.0.0.1:{self.http_port}", "data-dir": run / "data",
                "log-dir": run / "task-log", "exec-threads": self.exec_threads, "time-zone": "UTC",
                "allow-root-tenant": "true",  # who runs the tests may be root, and so is their tenant then
                "resources-type": "file", "resources-url": "file:///", "resources-base-path": self.plane.resources(),
                # The machine may be busy compiling: no reason to be given no tasks.
                "max-cpu-load-avg": 1000, "reserved-memory": 0.1}

    def _configuration(self):
        """Where test_demo and test_import will have their OpenMLDB sandboxes."""
        file = self.plane.run / "conf" / "porpoise.yaml"
        file.write_text("plugins:\n  OPENMLDB:\n    settleMillis: 0\n    apiservers:\n"
                        f'      "127.0.0.1:2181/openmldb": http://127.0.0.1:{self.plane.ports["sandbox"]}\n'
                        '      "127.0.0.1:2181/imported": '
                        f'http://127.0.0.1:{self.plane.ports["sandbox_of_imports"]}\n')
        return file

    def log_is_complete(self, text):
        return True  # the log is complete before the result is sent
