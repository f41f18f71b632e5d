"""F33: a second worker is started on the data folder of one that lives. It is refused before it reads or changes anything;
tasks, session and node of the first stay as they are. What kill -9 leaves is no obstacle to the next.
"""

import re
import unittest

from dispatch import survivors
from fault_case import FaultCase
from frames import SUCCESS
from waiting import until

TASKS = 10
REFUSED = 3


class TwoWorkers(FaultCase):
    def neighbour(self):
        """One with ports and an address of its own, on the folders of the first."""
        worker = self.new_worker(data_dir=self.worker.data, log_dir=self.worker.log_dir)
        worker.data, worker.log_dir, worker.watched = self.worker.data, self.worker.log_dir, self.watched
        return worker

    def refused(self, worker):
        worker.process = worker.launch()
        self.assertEqual(worker.process.wait(30), REFUSED, worker.text())
        return worker.text()

    def test_the_second_is_refused_and_the_first_goes_on(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(TASKS, wait)
        session, saved = self.worker.registration(), (self.worker.data / "session.json").read_bytes()
        for _ in range(3):
            said = self.refused(self.neighbour())
            self.assertRegex(said, rf"in use by pid {self.worker.process.pid}, registered as "
                                   rf"{re.escape(self.worker.address)} since \d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d")
            self.assertIn("'data-dir'", said)
        self.assertEqual(self.worker.registration(), session, "its session and its node")
        self.assertEqual((self.worker.data / "session.json").read_bytes(), saved)
        self.assertEqual(sum(bool(survivors(task)) for task in tasks), TASKS, "every task runs on")
        self.assertEqual([e for task in tasks for e in self.history.of("RESULT", task.id)], [])
        gate.touch()
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)

    def test_after_a_kill_the_next_one_adopts_at_once(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(TASKS, wait)
        session = self.worker.registration()
        self.refused(self.neighbour())
        self.worker.kill_hard()
        self.worker.restart()  # while the hosts of the first live
        self.assertEqual(self.worker.registration(), session, "its session goes on")
        self.worker.wait_metric('porpoise_slots{state="used"}', TASKS)
        gate.touch()
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)

    def test_one_at_another_address_is_not_the_worker_of_the_saved_session(self):
        tasks = self.start_tasks(3, "exec -a NICKNAME sleep 600")
        self.worker.kill_hard()
        self.given_up.update(task.id for task in tasks)
        first, self.worker = self.worker, self.neighbour()
        self.worker.start()
        self.assertIsNone(first.registration(), "masters know at once that the first is gone")
        for task in tasks:
            self.wait_gone(task)
        self.assertEqual([e for task in tasks for e in self.history.of("RESULT", task.id)], [], "they run elsewhere")
        self.master.connect(self.worker.port)

    def test_of_several_that_start_at_once_one_gets_the_folder(self):
        self.worker.terminate()
        workers = [self.neighbour() for _ in range(4)]
        for worker in workers:
            worker.process = worker.launch()
        until(lambda: sum(worker.process.poll() == REFUSED for worker in workers) == 3, "the end of all but one", 60)
        self.worker, = [worker for worker in workers if worker.process.poll() is None]
        until(lambda: self.worker.registration() is not None, "its registration", 60)
        self.master.connect(self.worker.port)


if __name__ == "__main__":
    unittest.main()
