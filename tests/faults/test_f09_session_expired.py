"""F09: the session in ZooKeeper ends. What masters now run elsewhere is dead here before the worker registers again,
and nobody hears of it; or, by on-session-expired: keep, it goes on.
"""

import json
import unittest
from time import monotonic

from dispatch import survivors
from fault_case import FaultCase
from frames import SUCCESS
from waiting import until
from zk_client import ZooKeeper

TASKS = 5


class Expired(FaultCase):
    given_up_because = "the worker's session in ZooKeeper has expired|the worker has not renewed its lease"

    def end_session(self):
        """On the server, as its own client would; the worker may come back in between, so until it is unknown."""
        saved = json.loads((self.worker.data / "session.json").read_text())
        session, password = saved["sessionId"], bytes.fromhex(saved["password"])
        self.history.add("session ended")

        def unknown():
            try:
                client = ZooKeeper(self.world.zookeeper_port, session=session, password=password)
                if client.session == 0:
                    return True
                client.__exit__()
            except OSError:
                pass
            return False
        until(unknown, "the end of the session", 30, 0.02)
        self.zookeeper_proxy.drop()  # as the server does with the connection of a session that it ends

    def startup_time(self):
        with self.world.zookeeper() as zookeeper:
            data = zookeeper.data(self.worker.node)
        return json.loads(data)["startupTime"] if data else None

    def registered_anew(self, session, seconds=60):
        return until(lambda: (owner := self.worker.registration()) not in (None, session) and owner,
                     "a registration in another session", seconds, 0.02)

    def start_five(self):
        tasks = self.start_tasks(TASKS, "setsid sleep 600 & sleep 600")
        return tasks, self.worker.registration(), self.startup_time()

    def are_fenced(self, tasks, startup):
        for task in tasks:
            self.assertEqual(survivors(task), [], "dead before masters can see this worker again")
        self.assertGreater(self.startup_time(), startup)
        self.given_up.update(task.id for task in tasks)
        self.serves()
        self.assertEqual([e for task in tasks for e in self.history.of("RESULT", task.id)], [], "nobody hears of them")
        for task in tasks:
            text = task.log_path(self.worker.log_dir).read_text()
            self.assertRegex(text, self.given_up_because)
            self.assertNotIn("without a result", text)


class Kill(Expired):
    def test_a_session_that_the_server_ends(self):
        tasks, session, startup = self.start_five()
        self.end_session()
        began = monotonic()
        self.registered_anew(session)
        self.are_fenced(tasks, startup)
        self.measured("session ended to registered anew, five tasks fenced", f"{monotonic() - began:.2f} s")

    def test_what_had_ended_before_is_told_still(self):
        self.master.acks.drop = 2
        task, status = self.run_task("true")
        self.assertEqual(status, SUCCESS)
        session = self.worker.registration()
        self.end_session()
        self.registered_anew(session)
        self.history.wait("ACK", task.id, of="RESULT")


class Unheard(Expired):
    """For longer than the session lasts."""

    flags = {"zookeeper_session_timeout": "2s"}

    def test_the_worker_was_suspended(self):
        tasks, session, startup = self.start_five()
        self.worker.stop()
        until(lambda: self.worker.registration() is None, "the end of its node", 60)
        self.worker.go_on()
        began = monotonic()
        self.registered_anew(session)
        self.are_fenced(tasks, startup)
        self.measured("SIGCONT to registered anew, five tasks fenced", f"{monotonic() - began:.2f} s")

    def test_no_server_is_reached(self):
        tasks, session, startup = self.start_five()
        self.zookeeper_proxy.cut()
        for task in tasks:
            self.wait_gone(task)
        self.zookeeper_proxy.heal()
        self.registered_anew(session)
        self.are_fenced(tasks, startup)


class Keep(Expired):
    flags = {"on_session_expired": "keep"}

    def test_tasks_go_on(self):
        gate, wait = self.gate()
        tasks = self.start_tasks(TASKS, wait)
        session = self.worker.registration()
        self.end_session()
        self.registered_anew(session)
        gate.touch()
        for task in tasks:
            self.assertEqual(self.history.result(task.id).status, SUCCESS)


if __name__ == "__main__":
    unittest.main()
