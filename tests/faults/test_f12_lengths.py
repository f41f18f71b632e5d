"""F12: lengths that are only claimed, negative ones, and frames byte by byte: refused before memory is taken."""

import time
import unittest

from fault_case import JAVA_WORKER, FaultCase
from frames import DISPATCH, ROLL_LOG, SUCCESS, claim, encode
from master import Link
from waiting import until

LIES = {"context of 2 GiB": claim(context=0x7FFFFFFF), "context of 1 GiB": claim(context=1 << 30),
        "context of -1": claim(context=-1), "body of 2 GiB": claim(body=0x7FFFFFFF),
        "body of 1 GiB": claim(body=1 << 30), "body of -1": claim(body=-1), "smallest negative": claim(body=-(1 << 31))}
COPIES = 3
GROWTH = 1024  # KiB for each connection


class Lengths(FaultCase):
    java = True

    def test_lies_are_refused_before_memory_is_taken(self):
        before = self.worker.rss_kib()
        links = {}
        for name, raw in LIES.items():
            links[name] = [Link(self.worker.port) for _ in range(1 if JAVA_WORKER else COPIES)]
            for link in links[name]:
                link.send(raw)
        if JAVA_WORKER:
            end = time.monotonic() + 15
            until(lambda: time.monotonic() > end, "time passes", 30)
            self.measured("claims that it closed", [name for name, own in links.items() if not own[0].open])
            log = self.worker.text()
            self.measured("OutOfMemoryError in its log", log.count("OutOfMemoryError"))
            self.measured("bytes that demanded 2 GiB", len(LIES["context of 2 GiB"]))
            return
        for name, own in links.items():
            with self.subTest(name):
                for link in own:
                    link.wait_closed(30)
        growth = self.worker.rss_kib() - before
        self.measured(f"growth of memory by {len(LIES) * COPIES} lies", f"{growth} KiB")
        self.assertLess(growth, GROWTH * len(LIES) * COPIES)

    def test_a_permitted_length_costs_what_has_come(self):
        if JAVA_WORKER:
            self.skipTest("it takes what is claimed")
        before = self.worker.rss_kib()
        links = [Link(self.worker.port) for _ in range(20)]
        for link in links:
            link.send(claim(body=16 << 20) + b"x" * 100)
        self.assertEqual(self.run_task("true")[1], SUCCESS)
        growth = self.worker.rss_kib() - before
        self.measured("growth of memory by 20 claims of 16 MiB", f"{growth} KiB")
        self.assertLess(growth, GROWTH * len(links))
        for link in links:
            link.wait_closed(60)  # the rest did not come in time

    def test_byte_by_byte(self):
        task = self.task("true")
        self.master.knows(task)
        self.history.add("dispatch", task.id, master="m1")
        link = Link(self.worker.port)
        for byte in encode(DISPATCH, task.body(self.master.address), 1) + self._request():
            link.send(bytes([byte]))
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        link.close()

    def _request(self):
        return encode(ROLL_LOG, b"{}", 2)


if __name__ == "__main__":
    unittest.main()
