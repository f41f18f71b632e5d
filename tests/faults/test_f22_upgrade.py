"""F22: the state on disk is that of an earlier version, or of a later one that was given up again."""

import json
import shutil
import unittest
from pathlib import Path

from dispatch import new_id
from fault_case import FaultCase
from frames import SUCCESS
from waiting import until

STATE = Path(__file__).resolve().parents[1] / "golden" / "state"  # a task of version 1 that has ended


class Upgrade(FaultCase):
    def test_what_the_first_version_left_is_told(self):
        self.worker.kill_hard()
        task = new_id()
        self._leave(task)
        (self.worker.data / "seal.json").unlink()  # that version sealed nothing
        self.worker.restart()
        result = self.history.result(task)
        body = json.loads(result.body)
        self.assertEqual(result.status, SUCCESS)
        self.assertEqual(body["appIds"], "application_1_0001")
        self.assertEqual([(one["prop"], one["value"]) for one in json.loads(body["varPool"])], [("answer", "42")])
        until(lambda: not self.worker.state(task).exists(), "the end of its folder", 30)

    def test_what_a_later_version_wrote_beside_is_no_hindrance(self):
        gate, wait = self.gate()
        running, ended = self.start_tasks(2, wait)
        self.worker.kill_hard()
        for task in running, ended:
            self._add_of_later(self.worker.state(task.id))
        self.worker.restart()
        gate.touch()
        for task in running, ended:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
            self.assertEqual(len(self.history.begun(task.id)), 1)

    def _leave(self, task):
        """The recorded folder, as of a task of this test's master."""
        folder = self.worker.state(task)
        shutil.copytree(STATE, folder)
        for file in folder.glob("*.json"):
            content = json.loads(file.read_text())
            (content.get("taskExecutionContext") or content)["taskInstanceId"] = task
            file.write_text(json.dumps(content))
        (folder / "master").write_text(self.master.address)

    def _add_of_later(self, folder):
        for file in folder.glob("*.json"):
            file.write_text(json.dumps({**json.loads(file.read_text()), "ofALaterVersion": {"a": [1, None]}}))
        (folder / "of-a-later-version").write_text("text")


if __name__ == "__main__":
    unittest.main()
