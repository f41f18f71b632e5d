"""F39: strangers claim, send and keep open as much as they can. Who may say what is decided before a body is held, and
places and memory are masters' first: no dispatch of a master is cut off, and a new master finds a place."""

import resource
import socket
import unittest
from time import monotonic

from fault_case import FaultCase
from frames import DISPATCH, HEART_BEAT, PING, PONG, SUCCESS, claim, encode
from master import NODES, Link
from waiting import until
from zk_client import Server

STRANGERS = [f"127.0.0.{number}" for number in range(10, 26)]
NEW_MASTER = "127.0.0.40"
IDLE = 1023
LARGE = "#" + "x" * 100_000 + "\n"


class StrangersFrames(FaultCase):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))

    def test_strangers_that_fill_memory_cut_no_dispatch_off(self):
        before = self.worker.rss_kib()
        half = [self._half_frame(peer, kind) for peer in STRANGERS for kind in (PING, DISPATCH) for _ in range(8)]
        began = monotonic()
        task, status = self.run_task(LARGE + "true")
        self.measured("a dispatch of 100 KB beside strangers' frames of 16 MiB", f"{monotonic() - began:.2f} s")
        self.assertEqual(status, SUCCESS)
        self.assertTrue(self.master.link.open, "on the connection that it had")
        grown = self.worker.rss_kib() - before
        self.measured("growth of memory by 256 of them", f"{grown} KiB")
        self.assertLess(grown, 32 * 1024)
        for end in half:
            self._wait_closed(end)

    def test_a_stranger_says_no_more_than_eight_kilobytes(self):
        answers = []
        link = Link(self.worker.port, lambda kind, body: answers.append(kind), source=STRANGERS[0])
        link.send(encode(PING, b"x" * 8192, 1))
        until(lambda: answers == [PONG], "the answer to a ping of 8 KiB", 10, 0.02)
        link.send(encode(PING, b"x" * 8193, 2))
        link.wait_closed(10)
        self.assertEqual(answers, [PONG])

    def test_idle_strangers_do_not_keep_a_new_master_out(self):
        idle = [self._raw(STRANGERS[number % len(STRANGERS)]) for number in range(IDLE)]
        for end in idle[::2]:
            self._try_to_send(end, encode(HEART_BEAT, b"heart_beat"))
        task = self.task(LARGE + "true")
        self.master.knows(task)
        began = monotonic()
        link = Link(self.worker.port, source=NEW_MASTER)
        self._closing.append(link.close)
        # It speaks before ZooKeeper has told of it; a heartbeat is answered to nobody, so only the task shows it.
        link.send(encode(DISPATCH, task.body(self.master.address), 1))
        node = Server(self.world.zookeeper, f"{NODES}/{NEW_MASTER}:5678")
        self._closing.append(node.close)
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.measured(f"a new master's dispatch beside {IDLE} idle strangers", f"{monotonic() - began:.2f} s")
        self.assertTrue(link.open)
        for end in idle:
            end.close()

    def _half_frame(self, peer, kind):
        end = self._raw(peer)
        end.settimeout(0.2)
        body = 16 << 20
        self._try_to_send(end, claim(body=body - 1, kind=kind) + b" " * (1 << 20))
        return end

    def _wait_closed(self, end):
        end.settimeout(60)
        try:
            while end.recv(65536):
                pass
        except ConnectionResetError:
            pass
        end.close()

    @staticmethod
    def _try_to_send(end, raw):
        try:
            end.sendall(raw)
        except OSError:
            pass  # closed, or not read: as it should be

    def _raw(self, peer):
        return socket.create_connection(("127.0.0.1", self.worker.port), timeout=20, source_address=(peer, 0))


if __name__ == "__main__":
    unittest.main()
