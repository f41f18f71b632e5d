"""F23: the network between worker and master swallows or breaks, each connection and each direction by itself."""

import unittest

from chaos_proxy import DOWN, UP
from fault_case import FaultCase
from frames import KILLED, SUCCESS
from waiting import until


class Partitions(FaultCase):
    def setUp(self):
        super().setUp()
        self.to_worker = self.proxy(("127.0.0.1", self.worker.port), "to worker")
        self.to_master = self.proxy(("127.0.0.1", self.master.port), "to master")
        self.master.connect(self.to_worker.port)

    def test_results_are_swallowed_on_their_way(self):
        self._ends_during(lambda: self.to_master.stall(UP))

    def test_acknowledgements_are_swallowed_on_their_way(self):
        task = self._ends_during(lambda: self.to_master.stall(DOWN))
        self.assertGreater(len(self.history.of("RESULT", task.id)), 1, "it was told again without an ACK")

    def test_both_ways_to_the_master_are_swallowed(self):
        self._ends_during(self.to_master.stall)

    def test_connections_to_the_master_break(self):
        self._ends_during(self.to_master.cut)

    def test_orders_are_swallowed_on_their_way(self):
        task = self.task("true")
        self.to_worker.stall(UP)
        self._dispatch(task)
        self.to_worker.heal()
        self.assertEqual(self.history.result(task.id).status, SUCCESS)

    def test_answers_to_kills_are_swallowed_on_their_way(self):
        task = self._running()[0]
        self.to_worker.stall(DOWN)
        self.master.kill(task.id)
        self.assertEqual(self.history.result(task.id).status, KILLED, "the end is told on the other connection")
        self.to_worker.heal()
        self.history.wait("KILL_RESPONSE", task.id)

    def _ends_during(self, fault):
        """A task that ends while the network is at fault, and is told after all."""
        task, gate = self._running()
        fault()
        tries = self.worker.metric("porpoise_message_sends_total")
        gate.touch()
        until(lambda: self.worker.metric("porpoise_message_sends_total") > tries + 1, "two tries to tell it", 60)
        self.to_master.heal()
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.worker.wait_metric("porpoise_results_unacked", 0, 120)
        return task

    def _running(self):
        gate, wait = self.gate()
        task = self.task(wait)
        self._dispatch(task)
        self.wait_begun(task)
        self.worker.wait_metric("porpoise_results_unacked", 0)  # RUNNING has arrived
        return task, gate

    def _dispatch(self, task):
        self.master.dispatch(task, sender=self.to_master.address)


if __name__ == "__main__":
    unittest.main()
