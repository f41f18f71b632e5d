"""F35: texts of dispatches that are paths, or parts of paths, to somewhere else. Nothing outside of the worker's folders is
made, read or removed, and nothing that it has not made itself.

tests/unit/engine/task_paths_test.cc has each text member by itself, and tests/fuzz a target for them.
"""

import unittest

from dispatch import INSTANCE, PROJECT, VERSION, WORKFLOW
from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from waiting import until

HOSTILE = ["{victim}", "../../../../../../../../..{victim}", "a/b", "a/", ".", "..", "/", "root\nfoo", "a\0b", "x" * 300]


class Paths(FaultCase):
    def victim(self, task):
        """A folder that looks as the working directory of the task would below the hostile tenant."""
        folder = self.worker.plane.run / "victim"
        inner = folder / str(PROJECT) / f"{WORKFLOW}_{VERSION}" / str(INSTANCE) / str(task.id)
        inner.mkdir(parents=True)
        (inner / "precious").write_text("x")
        return folder, inner / "precious"

    def test_a_tenant_that_is_a_path_fails_and_touches_nothing(self):
        for code in HOSTILE:
            with self.subTest(code):
                task = self.task("true")
                folder, precious = self.victim(task)
                task._context["tenantCode"] = code.format(victim=folder)
                self.master.dispatch(task)
                result = self.history.result(task.id)
                self.assertEqual(result.status, FAILURE)
                self.assertIn("tenant code", (self.worker.log_dir / result.log_path).read_text())
                self.assertTrue(precious.exists())
                self.assertEqual(self.history.begun(task.id), [])

    def test_a_link_in_the_folders_of_tasks_is_not_followed(self):
        task = self.task("true", tenantCode="linked")
        folder, precious = self.victim(task)
        root = self.worker.data / "exec" / "process"
        root.mkdir(parents=True, exist_ok=True)
        (root / "linked").symlink_to(folder)
        self.master.dispatch(task)
        self.assertEqual(self.history.result(task.id).status, FAILURE)
        self.assertTrue(precious.exists())
        (root / "linked").unlink()

    def test_a_link_that_a_task_leaves_is_removed_and_not_followed(self):
        task = self.task("true")
        folder, precious = self.victim(task)
        task.script = f"ln -s '{folder}' link; mkdir -p deep/er; ln -s '{folder}' deep/er/link; chmod 000 deep"
        self.master.dispatch(task)
        self.assertEqual(self.history.result(task.id).status, SUCCESS)
        self.assertTrue(precious.exists())

    def test_folders_that_nobody_uses_any_more_go_with_the_last_task(self):
        tasks = [self.task("true", processInstanceId=5000 + i % 10) for i in range(40)]
        self.master.dispatch(*tasks)
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)
        root = self.worker.data / "exec" / "process"
        until(lambda: not any(root.iterdir()), "the end of every folder of a tenant", 30)


if __name__ == "__main__":
    unittest.main()
