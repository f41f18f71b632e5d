"""F08: ZooKeeper is away for less than the session lasts, flaps, or is slow: tasks go on, and nobody registers anew."""

import json
import time
import unittest

from chaos_proxy import DOWN, UP
from fault_case import SOAK, FaultCase
from frames import SUCCESS
from waiting import until

FLAPS = 50 if SOAK else 5
PERIOD = 3.0 if SOAK else 0.7  # seconds
SLOW = 1.0 if SOAK else 0.3  # seconds, each way


class ZookeeperAway(FaultCase):
    flags = {"heartbeat_interval": "1s"}

    def setUp(self):
        super().setUp()
        with self.world.zookeeper() as zookeeper:
            self.node = zookeeper.owner(self.worker.node), zookeeper.created(self.worker.node)

    def tearDown(self):
        self._heartbeats_go_on()
        with self.world.zookeeper() as zookeeper:
            self.assertEqual((zookeeper.owner(self.worker.node), zookeeper.created(self.worker.node)), self.node,
                             "the same session, the same node")
        super().tearDown()

    def test_it_is_cut_off_for_a_while(self):
        task, lost = self._running(), self._lost()
        self.zookeeper_proxy.cut()
        self.worker.wait_metric("porpoise_registry_connected", 0)
        self.assertEqual(self.run_task("true")[1], SUCCESS, "tasks are taken meanwhile")
        self._finish(task)
        before = self.zookeeper_proxy.connections
        until(lambda: self.zookeeper_proxy.connections >= before + 3, "more attempts to connect", 60)
        self.assertEqual(self._lost(), lost + 1, "one line for the change, none for each attempt")
        self.zookeeper_proxy.heal()
        self.worker.wait_metric("porpoise_registry_connected", 1)

    def test_it_flaps(self):
        task = self._running()
        for _ in range(FLAPS):
            self._flap()
        self._finish(task)
        self.assertLessEqual(self._lost(), FLAPS)

    def test_it_is_silent_and_then_back(self):
        task = self._running()
        self.zookeeper_proxy.stall()
        self.assertEqual(self.run_task("true")[1], SUCCESS)
        self._finish(task)
        self.zookeeper_proxy.heal()

    def test_it_is_slow_and_byte_by_byte(self):
        self.zookeeper_proxy.delays.update({UP: SLOW, DOWN: SLOW})
        self.assertEqual(self.run_task("true")[1], SUCCESS)
        self._heartbeats_go_on()
        self.zookeeper_proxy.heal()
        self.zookeeper_proxy.pieces.update({UP: 1, DOWN: 1})
        self.assertEqual(self.run_task("true")[1], SUCCESS)
        self._heartbeats_go_on()
        self.zookeeper_proxy.heal()

    def _running(self):
        self.gate_file, wait = self.gate()
        return self.start_tasks(1, wait)[0]

    def _finish(self, task):
        self.gate_file.touch()
        self.assertEqual(self.history.result(task.id).status, SUCCESS)

    def _flap(self):
        self.zookeeper_proxy.cut()
        time.sleep(PERIOD)  # the fault itself, not a wait for something
        self.zookeeper_proxy.heal()
        time.sleep(PERIOD)

    def _lost(self):
        return self.worker.text().count("the connection to ZooKeeper is lost")

    def _report_time(self):
        with self.world.zookeeper() as zookeeper:
            return json.loads(zookeeper.data(self.worker.node))["reportTime"]

    def _heartbeats_go_on(self):
        before = self._report_time()
        until(lambda: self._report_time() > before, "another heartbeat", 60)


if __name__ == "__main__":
    unittest.main()
