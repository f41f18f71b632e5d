"""F44: somebody writes a node of a master into ZooKeeper. One that is persistent makes nobody a master, and the worker
says so; that everybody can write there is said at the start. One that is ephemeral, of a task, listens in vain."""

import unittest

from fault_case import FaultCase
from frames import DISPATCH, PING, PONG, encode
from master import NODES, Link
from waiting import until

FALSE_MASTER = "127.0.0.77"


class FalseMaster(FaultCase):
    def test_a_persistent_node_makes_no_master(self):
        until(lambda: "everybody who reaches ZooKeeper may make nodes" in self.worker.text(), "the warning", 20)
        node = f"{NODES}/{FALSE_MASTER}:1"
        with self.world.zookeeper() as zookeeper:
            zookeeper.create(node, b"{}")
        self._closing.append(self._remove(node))
        until(lambda: f"{FALSE_MASTER}:1 is not ephemeral" in self.worker.text(), "a line about the node", 20)
        victim = self.task("true")
        answers = []
        link = Link(self.worker.port, lambda kind, body: answers.append(kind), source=FALSE_MASTER)
        link.send(encode(PING, b"{}", 1) + encode(DISPATCH, victim.body(self.master.address), 2))
        link.wait_closed(30)
        self.assertEqual(answers, [PONG])
        self.assertEqual(self.history.begun(victim.id), [])
        self.tasks.pop(victim.id)

    def _remove(self, node):
        def remove():
            with self.world.zookeeper() as zookeeper:
                zookeeper.delete(node)
        return remove


if __name__ == "__main__":
    unittest.main()
