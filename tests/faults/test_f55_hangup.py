"""F55: SIGHUP, from an administrator or from a terminal that goes away: the worker lives on, takes over what it can, and says
what it cannot.
"""

import signal
import unittest

from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from waiting import until


class Hangup(FaultCase):
    def prepare(self):
        self.yaml = self.history.marks / "porpoise.yaml"
        self.write()
        self.flags = {"config": str(self.yaml)}

    def write(self, **keys):
        lines = [f"  {key.replace('_', '-')}: {value}\n" for key, value in {"host_weight": 100, **keys}.items()]
        self.yaml.write_text("plugins:\n  NOSUCH: {}\nworker:\n" + "".join(lines))

    def hang_up(self, said):
        """Until the worker has said so."""
        before = self.worker.text().count(said)
        self.worker.process.send_signal(signal.SIGHUP)
        until(lambda: self.worker.text().count(said) > before, said, 30)

    def test_what_can_change_at_run_time_changes(self):
        session = self.worker.registration()
        self.assertIn("without effect: plugins.NOSUCH: no plugin for task type 'NOSUCH'", self.worker.text())
        gate, wait = self.gate()
        running, = self.start_tasks(1, wait)
        self.hang_up("SIGHUP: nothing has changed")

        self.write(log_level="warn", tenant_map="somebody", host_weight=7)
        self.hang_up("key=log-level was=info is=warn")
        text = self.worker.text()
        self.assertIn("SIGHUP: in force from now on key=tenant-map", text)
        self.assertIn("key=host-weight", text)
        self.assertIn("SIGHUP: a restart of the worker takes this over", text)
        task, status = self.run_task("true")
        self.assertEqual(status, FAILURE)
        self.assertIn("is not run on this worker", task.log_path(self.worker.log_dir).read_text())
        self.assertNotIn(" INFO ", self.worker.text().split("key=log-level was=info is=warn")[1])

        self.write()
        self.hang_up("key=log-level was=warn is=info")
        self.assertEqual(self.run_task("true")[1], SUCCESS)
        self.hang_up("SIGHUP: nothing has changed")
        gate.touch()
        self.assertEqual(self.history.result(running.id).status, SUCCESS)
        self.assertEqual(self.worker.registration(), session)

    def test_a_file_with_a_mistake_changes_nothing(self):
        self.write(log_level="loud")
        self.hang_up("the worker keeps the configuration that it has")
        self.assertIn("log-level 'loud' is not", self.worker.text())
        self.yaml.write_text("")
        self.hang_up("it may be half written; the worker keeps the configuration that it has")
        self.yaml.chmod(0o666)
        self.write(tenant_map="somebody")
        self.hang_up("the worker keeps the configuration that it has")
        self.assertIn("another user could change what is run", self.worker.text())
        self.assertEqual(self.run_task("true")[1], SUCCESS)


if __name__ == "__main__":
    unittest.main()
