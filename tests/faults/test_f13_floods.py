"""F13: half frames, peers that never read, storms of connections, and strangers; a master's tasks go on meanwhile."""

import resource
import socket
import unittest
from time import monotonic

from fault_case import FaultCase
from frames import DISPATCH, KILL, PING, PONG, SUCCESS, WHOLE_LOG, claim, encode
from master import Link

PEERS = [f"127.0.0.{number}" for number in range(10, 18)]
HALF_OPEN = 100  # of each
STORM = 3000
STRANGER = "127.0.0.2"  # no master has registered it


class Floods(FaultCase):
    @classmethod
    def setUpClass(cls):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))

    def test_half_open_frames_are_closed_and_delay_nobody(self):
        half = [self._raw(peer) for peer in PEERS for _ in range(HALF_OPEN)]
        for end in half:
            try:
                end.sendall(claim(body=1000)[:20])
            except OSError:
                pass  # refused: there are too many for the descriptors that the worker may have
        self.measured(f"dispatch to RUNNING beside {len(half)} half frames", self._latency())
        closed = monotonic()
        for end in half:
            end.settimeout(60)
            try:
                self.assertEqual(end.recv(1), b"")
            except ConnectionResetError:
                pass
            end.close()
        self.measured("to the last of them closed", f"{monotonic() - closed:.1f} s")

    def test_a_peer_that_never_reads_is_let_go_of(self):
        task, _ = self.run_task("seq 100000")
        path = str(task.log_path(self.worker.log_dir))
        before = self.worker.rss_kib()
        peer = self._raw("127.0.0.1")
        peer.settimeout(0.2)
        request = encode(WHOLE_LOG, b'{"path":"%s"}' % path.encode(), 1)
        refused, end = False, monotonic() + 90
        while not refused and monotonic() < end:
            try:
                peer.sendall(request)
            except TimeoutError:
                continue
            except OSError:
                refused = True
        self.assertTrue(refused, "it is let go of")
        self.measured("growth of memory by a peer that never reads", f"{self.worker.rss_kib() - before} KiB")
        self.assertLess(self.worker.rss_kib() - before, 32 * 1024)
        peer.close()

    def test_a_storm_of_connections(self):
        began = monotonic()
        for number in range(STORM):
            self._raw(PEERS[number % len(PEERS)]).close()
        self.measured(f"{STORM} connections made and closed", f"{monotonic() - began:.1f} s")
        self.measured("dispatch to RUNNING after it", self._latency())

    def test_a_stranger_gives_no_tasks(self):
        task, victim = self.task("true"), self.start_tasks(1, "sleep 600")[0]
        orders = {"dispatch": encode(DISPATCH, task.body(self.master.address), 1),
                  "kill": encode(KILL, b'{"taskInstanceId":%d}' % victim.id, 2)}
        answers = []
        links = [Link(self.worker.port, lambda kind, body: answers.append(kind), source=STRANGER) for _ in orders]
        for link, raw in zip(links, orders.values()):
            link.send(encode(PING, b"{}", 1) + raw)
        for link in links:
            link.wait_closed(60)
        self.assertEqual(answers, [PONG, PONG], "a ping is anybody's, and nothing else is")
        self.assertEqual(self.history.begun(task.id), [])
        self.assertFalse(self.history.of("RESULT", victim.id))
        self.master.kill(victim.id)
        self.history.wait("KILL_RESPONSE", victim.id)

    def _raw(self, peer):
        return socket.create_connection(("127.0.0.1", self.worker.port), timeout=20, source_address=(peer, 0))

    def _latency(self, count=20):
        """Of the slowest of some tasks, one after another."""
        slowest = 0.0
        for _ in range(count):
            task = self.task("true")
            began = monotonic()
            self.master.dispatch(task)
            slowest = max(slowest, self.history.wait("RUNNING", task.id)[0].t - began)
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        return f"{slowest * 1000:.0f} ms at most"


if __name__ == "__main__":
    unittest.main()
