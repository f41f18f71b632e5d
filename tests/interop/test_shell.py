"""SHELL tasks: how they end, what they print, and what the master stores of them."""

import unittest

from scenario import JAVA, Scenario
from tasks import shell


class Shell(Scenario):
    @classmethod
    def begin(cls):
        cls.flow = cls.run_workflow([
            shell("ok", "echo to stdout; echo to stderr >&2; echo 'ümläut ✓'"),
            shell("exit 1", "echo before; exit 1"),
            shell("exit 137", "exit 137"),
            shell("sigterm", "kill -TERM $$"),
            shell("sigkill", "kill -KILL $$"),
            shell("no newline", "printf 'the last line'"),
            shell("crlf", "echo one\r\necho two\r\n"),
        ])
        cls.flow.wait()

    def test_the_exit_status_decides_the_state(self):
        # The Java worker takes every 137 for a kill that a master ordered, and such a task is never retried.
        unordered = "KILL" if JAVA else "FAILURE"
        expected = {"ok": "SUCCESS", "exit 1": "FAILURE", "exit 137": unordered, "sigkill": unordered,
                    "sigterm": "FAILURE", "no newline": "SUCCESS", "crlf": "SUCCESS"}
        self.assertEqual(self.flow.states(), expected)
        self.assertEqual(self.flow.state, "FAILURE")

    def test_the_master_stores_when_and_where_it_ran(self):
        for name, task in self.flow.tasks().items():
            with self.subTest(name):
                self.assertEqual(task["host"], self.worker.address)
                self.assertTrue(task["startTime"] and task["endTime"] and task["startTime"] <= task["endTime"], task)
                self.assertGreater(task["pid"], 0)
                self.assertRegex(task["logPath"], r"^/.*/\d{8}/\d+_\d+-\d+-\d+\.log$")
                self.assertTrue(task["executePath"], task)

    def test_the_log_has_both_streams_in_order(self):
        self.assertEqual(self.flow.output("ok"), ["to stdout", "to stderr", "ümläut ✓"])

    def test_the_output_of_a_failed_task_is_kept(self):
        self.assertEqual(self.flow.output("exit 1"), ["before"])
        self.assertRegex(self.flow.log("exit 1"), r"(?i)exit\w*\D{0,20}1\b")

    def test_a_last_line_without_newline_is_kept(self):
        self.assertEqual(self.flow.output("no newline"), ["the last line"])

    def test_windows_line_ends_do_no_harm(self):
        self.assertEqual(self.flow.output("crlf"), ["one", "two"])


if __name__ == "__main__":
    unittest.main()
