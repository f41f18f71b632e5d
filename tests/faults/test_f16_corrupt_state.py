"""F16: state on disk that is torn, strange, too much, or of another boot: what is damaged is put aside and said, the
rest goes on, and no stranger is signalled.
"""

import json
import os
import shutil
import signal
import subprocess
import unittest
from time import monotonic

from dispatch import survivors
from fault_case import SOAK, FaultCase
from frames import FAILURE, SUCCESS
from waiting import port_is_open, until

LEFTOVERS = 5000 if SOAK else 300  # of each kind


class CorruptState(FaultCase):
    def test_damaged_results_are_failures_by_name_and_the_others_are_told(self):
        tasks = self._ended_unheard(5)
        torn, flipped, inside, strange, whole = (self.worker.state(task.id) / "result.json" for task in tasks)
        os.truncate(torn, torn.stat().st_size // 2)
        self._flip(flipped, b"SUCCESS", 0x21)
        self._flip(inside, b'"processId":', 0x01, after=True)
        strange.write_text(json.dumps({"v": 99}))
        self._foreign()
        self.worker.restart()
        for task, file in zip(tasks, (torn, flipped, inside, strange)):
            self.assertEqual(self.history.result(task.id).status, FAILURE, "a master that hears nothing waits for ever")
            self.assertIn("task result lost", task.log_path(self.worker.log_dir).read_text())
            self.assertIn(str(file), self.worker.text(), "the log names it")
        self.assertEqual(self.history.result(tasks[4].id).status, SUCCESS)
        self.assertTrue((self.worker.data / "tasks" / "README").exists(), "what is not its own is left alone")

    def test_a_start_over_many_leftovers(self):
        task, = self._ended_unheard(1)
        folder = self.worker.state(task.id)
        for number in range(LEFTOVERS):
            shutil.copytree(folder, folder.parent / f".gone-{number}", ignore=shutil.ignore_patterns("control"))
            (folder.parent / str(5_000_000_000 + number)).mkdir()
        began = monotonic()
        self.worker.restart()
        self.history.wait("ACK", task.id, of="RESULT")
        self.measured(f"start to the first result told, over {2 * LEFTOVERS} leftovers", f"{monotonic() - began:.2f} s")
        until(lambda: not list(folder.parent.glob(".gone-*")), "their removal", 60)

    def test_a_pid_that_is_a_stranger_by_now_is_not_signalled(self):
        task, = self.start_tasks(1, "sleep 600")
        host = self.worker.hosts()[task.id]
        self.worker.kill_hard()
        with subprocess.Popen(["sleep", "600"]) as stranger:
            try:
                for pid in (host, *(int(line.split()[0]) for line in survivors(task))):
                    self._kill(pid)
                file = self.worker.state(task.id) / "host.json"
                until(lambda: task.id not in self.worker.hosts(), "the end of the host", 30)
                file.write_text(json.dumps({**json.loads(file.read_text()), "pid": stranger.pid}))
                self.worker.restart()
                self.assertEqual(self.history.result(task.id).status, FAILURE)
                self.serves()
                self.assertIsNone(stranger.poll(), "the stranger lives")
            finally:
                stranger.kill()

    def test_a_session_of_another_boot_is_ended_not_taken_over(self):
        session = self.worker.registration()
        self.worker.kill_hard()
        file = self.worker.data / "session.json"
        text = file.read_text()
        boot = next(value for key, value in json.loads(text).items() if "boot" in key.lower())
        file.write_text(text.replace(boot, "00000000-0000-4000-8000-000000000000"))
        self.worker.process = self.worker.launch()
        until(lambda: self.worker.registration() not in (None, session), "a registration in another session", 60)

    def test_a_session_file_that_makes_no_sense_is_no_obstacle(self):
        self.worker.kill_hard()
        (self.worker.data / "session.json").write_bytes(b"\xff\0{")
        self.worker.process = self.worker.launch()
        until(lambda: port_is_open(self.worker.port) and self.worker.registration(), "a registration", 120)

    def _ended_unheard(self, count):
        """Tasks that have ended since the daemon was killed."""
        gate, wait = self.gate()
        tasks = self.start_tasks(count, wait)
        self.worker.kill_hard()
        gate.touch()
        for task in tasks:
            until(lambda: (self.worker.state(task.id) / "result.json").exists(), "the end of a task", 60)
        return tasks

    @staticmethod
    def _flip(file, where, bits, after=False):
        """Other bits in the first byte of a text, or in that behind it."""
        raw = bytearray(file.read_bytes())
        raw[raw.index(where) + (len(where) if after else 0)] ^= bits
        file.write_bytes(raw)

    def _foreign(self):
        folder = self.worker.data / "tasks"
        (folder / "README").write_text("of an administrator")
        (folder / "12abc").mkdir()
        (folder / "999999999999999999999999").mkdir()
        (folder / "777").write_text("a file, no folder")
        (folder / "778").symlink_to("/etc")

    @staticmethod
    def _kill(pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    unittest.main()
