"""F14: requests for logs outside the folder of the logs, or for too much: always an answer, never what is outside.

tests/unit/logs has the cases one by one; here they come through the socket, and the daemon goes on meanwhile.
"""

import os
import unittest

from fault_case import JAVA_WORKER, FaultCase
from frames import GET_APP_ID, LOG_BYTES, REMOVE_LOG, ROLL_LOG, SUCCESS, WHOLE_LOG, encode
from waiting import until

SECRET = "application_1234_5678 the-secret-of-somebody-else"
# Plain, and as base64, which GET_LOG_BYTES answers.
LEAKS = ["the-secret", "application_1234", "YXBwbGljYXRpb25fMTIzNF", "root:x:", "cm9vdDp4O", "PATH="]
KINDS = {"ROLL": ROLL_LOG, "WHOLE": WHOLE_LOG, "BYTES": LOG_BYTES, "APP_ID": GET_APP_ID}
SPARSE = 256 << 20
PAGES = [(-1, 10), (0, -1), (2147483647, 2147483647), (0, 2147483647), (-2147483648, -2147483648)]


class LogRequests(FaultCase):
    java = True

    def setUp(self):
        super().setUp()
        self.own, status = self.run_task("echo first; echo second")
        self.assertEqual(status, SUCCESS)
        self.path = self.history.result(self.own.id).log_path
        self.day = os.path.dirname(self.path)
        self.root = os.path.dirname(self.day)

    def test_what_is_outside_is_never_answered_and_never_removed(self):
        outside, paths = self._temptations()
        answered = {}
        for name, path in paths.items():
            for kind, command in KINDS.items():
                with self.subTest(name, kind=kind):
                    answer = self._ask(command, path)
                    answered[name, kind] = answer
                    text = str(answer)
                    leak = any(part in text for part in LEAKS)
                    if JAVA_WORKER:
                        answered[name, kind] = "READ" if leak else "silent" if answer is None else "empty"
                    else:
                        self.assertIsNotNone(answer, "always an answer")
                        self.assertFalse(leak, text[:300])
            self._ask(REMOVE_LOG, path)
        if JAVA_WORKER:
            for title, mark in (("outside files read", "READ"), ("no answer", "silent")):
                self.measured(title, sorted({name for (name, _), what in answered.items() if what == mark}))
            self.measured("outside files removed", [name for name, file in outside.items() if not os.path.exists(file)])
            return
        for name, file in outside.items():
            self.assertTrue(os.path.exists(file), f"{name} is still there")

    def test_pages_that_make_no_sense_are_answered(self):
        for skip, limit in PAGES:
            with self.subTest(skip=skip, limit=limit):
                answer = self._ask(ROLL_LOG, self.path, skipLineNum=skip, limit=limit)
                if not JAVA_WORKER:
                    self.assertIsNotNone(answer)

    def test_a_log_of_a_quarter_gigabyte_delays_nobody(self):
        if JAVA_WORKER:
            self.skipTest("it reads whole files into its memory")
        large = os.path.join(self.day, "1_1-1-999999.log")
        with open(large, "w") as file:
            file.write("a line\n")
            file.truncate(SPARSE)
        before = self.worker.rss_kib()
        self.master.link.send(encode(WHOLE_LOG, b'{"path":"%s"}' % large.encode(), 900))
        victim, = self.start_tasks(1, "sleep 600")
        self.master.kill(victim.id)
        self.history.wait("KILL_RESPONSE", victim.id)
        self.assertIsNotNone(self._ask(ROLL_LOG, large, 120, skipLineNum=1, limit=10))
        self.measured("growth of memory by a whole log of 256 MiB", f"{self.worker.rss_kib() - before} KiB")

    def test_refusals_do_not_flood_the_log_of_the_worker(self):
        if JAVA_WORKER:
            self.skipTest("about porpoise alone")
        request = encode(WHOLE_LOG, b'{"path":"/etc/passwd"}', 500)
        self.master.link.send(request * 1000)
        self.assertIsNotNone(self._ask(ROLL_LOG, self.path, 60))
        self.assertLess(self.worker.text().count("log request"), 200)

    def test_own_logs_are_read_and_removed(self):
        self.assertIn("second", self._ask(ROLL_LOG, self.path)["msg"])
        self.assertTrue(self._ask(REMOVE_LOG, self.path)["status"])
        until(lambda: not os.path.exists(self.path), "its removal", 10)

    def _ask(self, kind, path, seconds=10, skipLineNum=0, limit=100):
        body = {"logPath": path} if kind == GET_APP_ID else {"path": path}
        if kind == ROLL_LOG:
            body.update(skipLineNum=skipLineNum, limit=limit)
        return self.master.ask(kind, body, 2 if JAVA_WORKER else seconds)

    def _temptations(self):
        """Files outside, and paths that lead to them."""
        sibling = self.root + "-of-another"
        elsewhere = os.path.join(sibling, "20260101")
        os.makedirs(elsewhere, exist_ok=True)
        outside = {"beside": os.path.join(elsewhere, "1_1-1-1.log"),
                   "above": os.path.join(self.root, "..", "secret.log"),
                   "linked": os.path.join(sibling, "linked.log"), "hard": os.path.join(sibling, "hard.log")}
        for file in outside.values():
            with open(file, "w") as stream:
                stream.write(SECRET + "\n")
        link, hard, fifo = (os.path.join(self.day, f"1_1-1-{number}.log") for number in (11, 12, 13))
        os.symlink(outside["linked"], link)
        os.link(outside["hard"], hard)
        os.mkfifo(fifo)
        os.symlink(elsewhere, os.path.join(self.root, "20250101"))
        return outside, {
            "..": os.path.join(self.day, "..", "..", "secret.log"), "sibling": outside["beside"],
            "sibling by ..": os.path.join(self.root, "..", os.path.basename(sibling), "20260101", "1_1-1-1.log"),
            "absolute": "/etc/passwd", "environ": "/proc/self/environ", "symlink": link, "hard link": hard,
            "FIFO": fifo, "symlinked day": os.path.join(self.root, "20250101", "1_1-1-1.log"), "folder": self.day,
            "empty": "", "NUL": self.path + "\0.log", "long": "/" + "a" * 100000, "relative": "secret.log"}


if __name__ == "__main__":
    unittest.main()
