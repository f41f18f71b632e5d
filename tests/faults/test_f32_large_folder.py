"""F32: the host of a task is killed that has 200,000 files in its working directory: the worker removes them, and answers
meanwhile.
"""

import os
import signal
import unittest
from time import monotonic

from fault_case import FaultCase
from frames import FAILURE, SUCCESS
from waiting import until

FILES = 200_000


class LargeFolder(FaultCase):
    flags = {"zookeeper_session_timeout": "4s"}

    def test_its_removal_holds_up_nobody(self):
        session = self.worker.registration()
        made = self.history.marks / "made"
        script = (f"python3 -c 'import os\nfor i in range({FILES}): os.close(os.open(str(i), os.O_CREAT))'\n"
                  f"touch '{made}'; sleep 600")
        task, = self.start_tasks(1, script)
        until(made.exists, f"{FILES} files", 300)
        folder = next((self.worker.data / "exec").rglob(f"*/{task.id}"))
        began = monotonic()
        os.kill(self.worker.hosts()[task.id], signal.SIGKILL)
        self.assertEqual(self.run_task("true", seconds=10)[1], SUCCESS, "meanwhile")
        self.assertEqual(self.history.result(task.id).status, FAILURE)
        self.measured(f"kill -9 of the host of {FILES} files to its FAILURE", f"{monotonic() - began:.1f} s")
        self.assertFalse(folder.exists())
        self.assertEqual(self.worker.registration(), session)
        self.assert_answered_within(0.05)


if __name__ == "__main__":
    unittest.main()
