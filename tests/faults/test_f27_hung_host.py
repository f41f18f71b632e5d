"""F27: task hosts that hang: stopped from outside, or by their own task. A kill, a time limit and a slot do not hang
with them.
"""

import os
import signal
import unittest
from time import monotonic

from dispatch import survivors
from fault_case import SOAK, FaultCase
from frames import FAILURE, KILLED, SUCCESS
from waiting import until

GRACE = 2
PATIENCE = 20  # beyond the grace period
QUESTIONS = 60  # two of them, without an answer
# The session that a task is in is led by its host.
STOPS_ITS_HOST = "read -ra stat < /proc/self/stat; kill -STOP ${stat[5]}; sleep 600"


class HungHost(FaultCase):
    def hang(self, *tasks):
        hosts = self.worker.hosts()
        for task in tasks:
            os.kill(hosts[task.id], signal.SIGSTOP)

    def ended(self, task, status, *words, seconds=GRACE + PATIENCE + 10):
        self.assertEqual(self.history.result(task.id, seconds).status, status)
        text = task.log_path(self.worker.log_dir).read_text()
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(survivors(task), [])

    def test_neither_a_kill_nor_a_time_limit_hangs_with_it(self):
        killed, = self.start_tasks(1, "sleep 600 & setsid sleep 600")
        limited = self.task("sleep 600", taskTimeout=3, taskTimeoutStrategy="FAILED")
        self.master.dispatch(limited)
        self.wait_begun(limited)
        self.hang(killed, limited)
        began = monotonic()
        self.master.kill(killed.id)
        self.assertEqual(self.run_task("true")[1], SUCCESS, "others do not notice")
        self.ended(killed, KILLED, "killed by order of its master", "the task host had not ended the task")
        self.measured("kill under a hung host to RESULT", f"{monotonic() - began:.1f} s")
        self.history.wait("KILL_RESPONSE", killed.id)
        self.ended(limited, FAILURE, "taskTimeout", "did not answer")
        self.assertEqual(self.worker.metric("porpoise_hosts_hung_total"), 2)
        self.assertIn("the task host", self.worker.text())

    def test_one_that_was_adopted_does_not_hang_a_kill_either(self):
        task, = self.start_tasks(1, "sleep 600 & setsid sleep 600")
        self.worker.kill_hard()
        self.worker.restart()
        self.master.connect(self.worker.port)
        self.hang(task)
        self.master.kill(task.id)
        self.ended(task, KILLED, "killed by order of its master")
        self.assertEqual(self.worker.metric("porpoise_hosts_hung_total"), 1)

    @unittest.skipUnless(SOAK, "two questions take a minute: in the soak; hung_host_test has it in a second")
    def test_a_task_that_stops_its_own_host_is_ended(self):
        task, = self.start_tasks(1, STOPS_ITS_HOST)
        began = monotonic()
        self.ended(task, FAILURE, "did not answer for 60 s", seconds=2 * QUESTIONS)
        self.measured("kill -STOP of its own host to RESULT", f"{monotonic() - began:.1f} s")


class KeptUp(FaultCase):
    def test_one_whose_task_is_busy_is_not_hung(self):
        task, status = self.run_task("for i in $(seq 20000); do echo line $i; done")
        self.assertEqual(status, SUCCESS)
        until(lambda: self.worker.metric("porpoise_hosts_hung_total") == 0, "no hung host", 5)


if __name__ == "__main__":
    unittest.main()
