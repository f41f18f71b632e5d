"""F48: a machine where no thread, process or descriptor is left: a start is refused with status 3 and says what lacks, a
worker that runs goes on, and a task that cannot run fails by name.
"""

import os
import re
import shutil
import signal
import subprocess
import unittest
from pathlib import Path

from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from porpoise_worker import binary

USER = 61234  # nobody's: a limit of processes counts those of a user, whoever started them
LACKS = "no thread or process can be had|no descriptor can be had|Too many open files|Resource temporarily unavailable|cannot"
DESCRIPTORS, PROCESSES = 256, 4096


class FullMachine(FaultCase):
    """The limit of a user of its own: the machine's own table of processes stays as it is."""

    flags = {"sudo": "false"}

    def setUp(self):
        if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("prlimit"):
            self.skipTest("takes root, setpriv and prlimit")
        super().setUp()

    def prepare(self):
        self.history.marks.chmod(0o777)

    def new_worker(self, **flags):
        limit = ["prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", f"--nproc={PROCESSES}:{PROCESSES}"]
        worker = super().new_worker(prefix=[*limit, *self._as_user()], **flags)
        os.chown(worker.plane.run, USER, USER)
        source = Path(binary()).parent
        for program in source.glob("porpoise*"):
            shutil.copy(program, worker.plane.run)
        shutil.copytree(source.parent / "lib" / "porpoise" / "plugins", worker.plane.run / "plugins")
        worker.variables["PORPOISE_PLUGIN_PATH"] = str(worker.plane.run / "plugins")
        worker._binary = str(worker.plane.run / "porpoise")
        if subprocess.run([*self._as_user(), worker._binary, "--version"], capture_output=True).returncode != 0:
            self.skipTest(f"another user cannot reach {worker.plane.run}")
        return worker

    def test_a_start_without_threads_or_descriptors_is_refused_by_name(self):
        for limit, values in (("nproc", (1, 2, 3, 5)), ("nofile", (4, 6, 8, 10, 14, 20))):
            for value in values:
                with self.subTest(limit=limit, value=value):
                    status, said = self._start(limit, value)
                    if status is None:
                        continue  # it has what it needs
                    self.assertIn(status, (3, 127), said)  # 127: not even its libraries can be opened
                    self.assertRegex(said, LACKS)
                    self.assertNotIn("terminate called", said)

    def test_tasks_that_cannot_have_a_process_fail_by_name_and_the_worker_goes_on(self):
        outcomes = {}
        for spare in range(7):
            self._limit("nproc", self.worker.threads() + spare)
            task, status = self.run_task("true", 90)
            file = task.log_path(self.worker.log_dir)
            log = file.read_text() if file.exists() else self.worker.text()  # not even a thread that writes one
            outcomes[spare] = {SUCCESS: "succeeds", FAILURE: "fails by name"}[status]
            if status == FAILURE:
                self.assertRegex(log, "Resource temporarily unavailable|cannot|was not tried")
                self.assertNotIn("SIGABRT", log)
        self.measured("a task by the processes that can be had beyond the worker's threads", outcomes)
        self._limit("nproc", PROCESSES)
        self.assertEqual(self.run_task("true")[1], SUCCESS)

    def _limit(self, what, value):
        """By the worker's user itself: nobody else may, in a container."""
        subprocess.run([*self._as_user(), "prlimit", "--pid", str(self.worker.process.pid), f"--{what}={value}:"], check=True)

    def _start(self, limit, value):
        """Exit status and what it said; no status: it runs, and is ended again."""
        other = self.new_worker(sudo="false")
        command = [*self._as_user(), "prlimit", f"--{limit}={value}:{value}", other._binary, "worker",
                   *(f"--{key}={text}" for key, text in other.flags().items())]
        process = subprocess.Popen(command, env={**os.environ, **other.environment()}, text=True, cwd="/",
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        lines = []
        for line in process.stderr:
            lines.append(line)
            if re.search(r"porpoise \S+ starts", line):
                process.send_signal(signal.SIGKILL)
                process.wait(30)
                process.stderr.close()
                return None, ""
        process.wait(30)
        process.stderr.close()
        return process.returncode, "".join(lines)

    @staticmethod
    def _as_user():
        return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--"]


if __name__ == "__main__":
    unittest.main()
