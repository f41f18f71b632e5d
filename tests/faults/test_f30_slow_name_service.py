"""F30: the name service is silent about some users, as a directory server that is gone: their tasks fail by name after 5 s,
and nobody else notices.

slow_nss.c is silent about those whose name begins with SILENT.
"""

import shutil
import subprocess
import unittest
from pathlib import Path
from time import monotonic

from fault_case import FaultCase
from frames import FAILURE, KILLED, SUCCESS

SOURCE = Path(__file__).resolve().parent / "slow_nss.c"
SILENT = "fault-ldap"
LIMIT = 5  # seconds: of a look-up


class SlowNameService(FaultCase):
    flags = {"zookeeper_session_timeout": "4s"}

    def prepare(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler:
            self.skipTest("no C compiler for a name service that is silent")
        self.library = self.history.marks / "slow_nss.so"
        self.silence = self.history.marks / "silence"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, SOURCE, "-ldl"], check=True)

    def new_worker(self, **flags):
        return super().new_worker(variables={"LD_PRELOAD": str(self.library), "SLOW_NSS_USER": SILENT,
                                             "SLOW_NSS_WHILE": str(self.silence)}, **flags)

    def test_its_tasks_fail_by_name_and_nobody_else_notices(self):
        session = self.worker.registration()
        gate, wait = self.gate()
        running, = self.start_tasks(1, wait)
        self.silence.touch()
        tasks = [self.task("true", tenantCode=f"{SILENT}{number}") for number in range(3)]
        again = self.task("true", tenantCode=f"{SILENT}0")
        began = monotonic()
        self.master.dispatch(*tasks, again)
        self.assertEqual(self.run_task("true", seconds=4)[1], SUCCESS, "meanwhile")
        for task in (*tasks, again):
            self.assertEqual(self.history.result(task.id).status, FAILURE)
        took = monotonic() - began
        self.measured("dispatch of a task whose user is not looked up, to its FAILURE", f"{took:.1f} s")
        log = tasks[1].log_path(self.worker.log_dir).read_text()
        self.assertIn(f'the user of tenant "{SILENT}1" could not be looked up within {LIMIT} s', log)
        self.assertEqual(self.worker.metric('porpoise_helpers_hung{call="look-up"}'), 3, "one a tenant")
        self.assertFalse(self.history.of("RESULT", running.id))
        self.assertEqual(self.worker.registration(), session)

        self.silence.unlink()
        self.worker.wait_metric('porpoise_helpers_hung{call="look-up"}', 0)
        gate.touch()
        self.assertEqual(self.history.result(running.id).status, SUCCESS)
        self.assert_answered_within(0.05)

    def test_a_task_that_waits_for_it_can_be_killed(self):
        self.silence.touch()
        task = self.task("true", tenantCode=f"{SILENT}9")
        self.master.dispatch(task)
        self.worker.wait_metric('porpoise_slots{state="used"}', 1)
        began = monotonic()
        self.master.kill(task.id)
        self.assertEqual(self.history.result(task.id).status, KILLED)
        self.assertLess(monotonic() - began, LIMIT - 1, "before the look-up is given up on")
        self.silence.unlink()


if __name__ == "__main__":
    unittest.main()
