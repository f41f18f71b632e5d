"""F31: the file system of the task logs hangs, as a network's whose server is gone: the worker goes on answering.

hanging_fs.c is one, with FUSE; so it takes root, /dev/fuse and libfuse3-dev.
"""

import os
import shutil
import subprocess
import unittest
from pathlib import Path
from time import monotonic

from fault_case import FaultCase
from frames import KILLED, LOG_BYTES, ROLL_LOG, SUCCESS
from waiting import until

SOURCE = Path(__file__).resolve().parent / "hanging_fs.c"
CALLER_LIMIT = 10  # seconds that a caller of 3.1 waits for a log


class HangingLogs(FaultCase):
    flags = {"zookeeper_session_timeout": "4s"}

    def prepare(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler or not shutil.which("pkg-config"):
            self.skipTest("no C compiler and pkg-config for a file system that hangs")
        if os.geteuid() != 0:
            self.skipTest("only root can mount a file system")
        try:
            os.close(os.open("/dev/fuse", os.O_RDWR))
        except OSError as problem:
            self.skipTest(f"no file system that hangs without /dev/fuse: {problem}")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True)
        if flags.returncode != 0:
            self.skipTest("no libfuse3-dev for a file system that hangs")
        self.program = self.history.marks / "hanging_fs"
        subprocess.run([compiler, "-O1", "-o", self.program, SOURCE, *flags.stdout.split()], check=True)

    def new_worker(self, **flags):
        worker = super().new_worker(**flags)
        behind, self.silence = self.history.marks / "behind", self.history.marks / "silence"
        behind.mkdir()
        worker.log_dir.mkdir()
        server = subprocess.Popen([self.program, behind, self.silence, worker.log_dir], stderr=subprocess.DEVNULL)
        self._closing.insert(0, lambda: subprocess.run(["umount", "-l", worker.log_dir], check=False))
        self._closing.append(lambda: self._end_file_system(server))
        until(lambda: os.path.ismount(worker.log_dir) or server.poll() is not None, "the mount", 30)
        if server.poll() is not None:
            self.skipTest("no file system that hangs can be mounted here")
        return worker

    @staticmethod
    def _end_file_system(server):
        """Before the worker's end: what hangs in it gets an error then."""
        server.kill()
        server.wait(30)

    def test_the_worker_answers_and_what_runs_ends_well_once_it_is_back(self):
        read, status = self.run_task("echo something")
        self.assertEqual(status, SUCCESS)
        path = self.history.result(read.id).log_path
        session = self.worker.registration()
        gate, wait = self.gate()
        running, = self.start_tasks(1, wait)

        self.silence.touch()
        began = monotonic()
        page = self.master.ask(ROLL_LOG, {"taskInstanceId": read.id, "path": path, "skipLineNum": 0, "limit": 10},
                               CALLER_LIMIT)
        self.measured("a log on a file system that hangs: request to answer", f"{monotonic() - began:.1f} s")
        self.assertIsNotNone(page, "an answer before the caller gives up")
        self.assertIn("cannot be read now", str(page))
        self.assertIsNotNone(self.master.ask(LOG_BYTES, {"path": path}, CALLER_LIMIT))
        started = self.task("true")
        self.master.dispatch(started)
        self.worker.wait_metric('porpoise_slots{state="used"}', 2)
        self.assertEqual(self.worker.registration(), session)

        self.silence.unlink()
        gate.touch()
        for task in (running, started):
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.worker.wait_metric('porpoise_helpers_hung{call="log"}', 0)
        self.assertIn("something", str(self.master.ask(ROLL_LOG, {"taskInstanceId": read.id, "path": path,
                                                                  "skipLineNum": 0, "limit": 100})))
        self.assert_answered_within(0.05)

    def test_a_task_that_waits_can_be_killed(self):
        self.silence.touch()
        task = self.task("true", delayTime=10)
        self.master.dispatch(task)
        self.worker.wait_metric("porpoise_tasks_waiting", 1)
        self.master.kill(task.id)
        self.assertEqual(self.history.result(task.id).status, KILLED)
        self.silence.unlink()


if __name__ == "__main__":
    unittest.main()
