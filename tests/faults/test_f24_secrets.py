"""F24: secrets of the worker and passwords that tasks print: in no log, no file that stays, no message, no metric."""

import unittest

from fault_case import FaultCase
from fault_worker import NEIGHBOUR
from frames import SUCCESS
from waiting import until

KEY = "canary-of-the-storage"  # the worker's own
# Pieces, so that no script has it as it is printed.
PASSWORD, PASSWORD_PIECES = "canary-of-a-task", "'canary''-of-''a-task'"
BORDERS = (4096, 60_000, 65_536)  # of reads, of lines in a log, of pipes
LOOK = "env; tr '\\0' '\\n' < /proc/$PPID/environ; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'"
PRINT = """secret=%s
for border in %s; do for before in $(seq 1 3 40); do
  head -c $((border - before)) /dev/zero | tr '\\0' x; printf '{"password":"%%s","x":"y"}\\n' "$secret"; echo whole
done; done"""


class Secrets(FaultCase):
    def new_worker(self, **flags):
        variables = {"PORPOISE_RESOURCES_SECRET_KEY": KEY, "PORPOISE_RESOURCES_ACCESS_KEY": "somebody"}
        return super().new_worker(variables=variables, **flags)

    def test_no_secret_of_the_worker_reaches_a_task(self):
        task, status = self.run_task(LOOK)
        self.assertEqual(status, SUCCESS)
        self.assertIn("PORPOISE_TASK_ID", self._log(task), "it did look")
        self._nowhere(KEY)

    def test_no_password_is_readable_wherever_it_is_cut(self):
        task, status = self.run_task(PRINT % (PASSWORD_PIECES, " ".join(map(str, BORDERS))))
        self.assertEqual(status, SUCCESS)
        self.assertEqual(self._log(task).count("whole\n"), 14 * len(BORDERS), "all of it was printed")
        self._nowhere(PASSWORD)
        self._nowhere(PASSWORD[5:])

    def _log(self, task):
        return task.log_path(self.worker.log_dir).read_text(errors="replace")

    def _nowhere(self, secret):
        until(lambda: not list((self.worker.data / "tasks").iterdir()), "the end of all state", 30)
        files = [file for folder in (self.worker.log_dir, self.worker.data) for file in folder.rglob("*")
                 if file.is_file()]
        self.assertEqual([file for file in [*files, self.worker.log()] if secret.encode() in file.read_bytes()], [])
        metrics = NEIGHBOUR.open(f"http://127.0.0.1:{self.worker.http_port}/metrics", timeout=20).read().decode()
        said = [metrics, *(str(event.body) for event in self.history.of("RESULT"))]
        self.assertFalse([text for text in said if secret in text])


if __name__ == "__main__":
    unittest.main()
