"""F59: the lock file of the data folder is removed, moved or replaced while its worker lives: the worker notices, says so
and has it again, so that a second worker is still refused. Where one was faster, the first names it.
"""

import unittest

from fault_case import FaultCase
from waiting import until

REFUSED = 3
TAKEN_AWAY = "was taken away"


class LockRemoved(FaultCase):
    flags = {"zookeeper_session_timeout": "6s"}  # it looks with each heartbeat, three times as often, and every 3 s

    def neighbour(self):
        worker = self.new_worker(data_dir=self.worker.data, log_dir=self.worker.log_dir)
        worker.watched = False
        return worker

    def noticed(self, times):
        until(lambda: self.worker.text().count(TAKEN_AWAY) >= times, "a line about it", 30)
        self.assertIn(str(self.worker.data / "lock"), self.worker.text())

    def test_a_second_worker_is_refused_still(self):
        lock = self.worker.data / "lock"
        for times, take_away in enumerate((lock.unlink, lambda: lock.rename(lock.with_name("elsewhere")),
                                           lambda: (lock.unlink(), lock.write_text("something"))), 1):
            take_away()
            self.noticed(times)
            second = self.neighbour()
            second.process = second.launch()
            self.assertEqual(second.process.wait(30), REFUSED, second.text())
            self.assertIn(f"in use by pid {self.worker.process.pid}, registered as {self.worker.address}",
                          second.text())

    def test_it_is_noticed_while_zookeeper_is_away(self):
        """It looked with its heartbeat alone: not at all, as long as ZooKeeper was away."""
        self.zookeeper_proxy.cut()
        self.worker.wait_metric("porpoise_registry_connected", 0)
        (self.worker.data / "lock").unlink()
        self.noticed(1)
        second = self.neighbour()
        second.process = second.launch()
        self.assertEqual(second.process.wait(30), REFUSED, second.text())
        self.zookeeper_proxy.heal()


if __name__ == "__main__":
    unittest.main()
