"""F41: a stranger has a log of 3 GiB searched, again and again, for YARN applications and for a line that it does not
have. An honest page is answered meanwhile as if nothing were."""

import json
import os
import unittest
from time import monotonic

from fault_case import FaultCase
from frames import GET_APP_ID, GET_APP_ID_RESPONSE, ROLL_LOG, SUCCESS, encode
from master import Link
from waiting import until

STRANGER = "127.0.0.32"
SPARSE = 3 << 30
CALLER_LIMIT = 10  # seconds, of a caller of 3.1


class SparseLog(FaultCase):
    def test_does_not_delay_an_honest_page(self):
        own, status = self.run_task("echo something")
        self.assertEqual(status, SUCCESS)
        path = self.history.result(own.id).log_path
        sparse = os.path.join(os.path.dirname(path), "1_1-1-999999.log")
        with open(sparse, "w") as file:
            file.write("application_1_2\n")
            file.truncate(SPARSE)
        answered = []
        strangers = [Link(self.worker.port, lambda kind, body: answered.append((kind, body)), source=STRANGER)
                     for _ in range(8)]
        self._closing += [link.close for link in strangers]
        began = monotonic()
        for link in strangers:
            link.send(encode(GET_APP_ID, json.dumps({"logPath": sparse}).encode(), 1))
            link.send(encode(ROLL_LOG, json.dumps({"path": sparse, "skipLineNum": 9, "limit": 9}).encode(), 2))
        times = []
        while len(answered) < len(strangers):
            asked = monotonic()
            page = self.master.ask(ROLL_LOG, {"path": path, "skipLineNum": 0, "limit": 100})
            times.append(monotonic() - asked)
            self.assertIn("something", page["msg"])
            self.assertLess(monotonic() - began, 60)
        self.measured("an honest page beside searches of 3 GiB, median and longest of " + str(len(times)),
                      f"{sorted(times)[len(times) // 2] * 1000:.0f} ms, {max(times) * 1000:.0f} ms")
        self.assertLess(max(times), 1)
        until(lambda: len([kind for kind, _ in answered if kind == GET_APP_ID_RESPONSE]) == len(strangers),
              "an answer to each search", 2 * CALLER_LIMIT)
        for kind, body in answered:
            if kind == GET_APP_ID_RESPONSE:
                self.assertEqual(json.loads(body)["appIds"], ["application_1_2"])
        for link in strangers:
            link.close()


if __name__ == "__main__":
    unittest.main()
