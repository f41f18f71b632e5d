"""F58: the session ends while task hosts hang. Masters run their tasks elsewhere, so all of them are dead before the
worker registers again; a host that does not answer does not hold that up for the grace period, nor for what beyond it
a host may take.
"""

import os
import signal
import unittest
from time import monotonic

from test_f09_session_expired import Expired

GRACE = 30
REGISTERED_AGAIN = 5


class HungHosts(Expired):
    flags = {"kill_grace": f"{GRACE}s"}

    def hang(self, tasks):
        hosts = self.worker.hosts()
        for task in tasks:
            os.kill(hosts[task.id], signal.SIGSTOP)

    def registered_in_time(self, session, tasks, startup):
        began = monotonic()
        self.registered_anew(session)
        took = monotonic() - began
        self.are_fenced(tasks, startup)
        self.measured("session ended to registered anew, with hosts that hang", f"{took:.2f} s")
        self.assertLess(took, REGISTERED_AGAIN)

    def test_do_not_hold_up_the_next_registration(self):
        tasks, session, startup = self.start_five()
        self.hang(tasks[:3])
        self.end_session()
        self.registered_in_time(session, tasks, startup)
        self.assertEqual(self.worker.metric("porpoise_hosts_hung_total"), 3)
        self.assertIn("did not answer for 2 s when its task was given up", self.worker.text())

    def test_do_not_hold_it_up_when_they_were_adopted(self):
        tasks, session, startup = self.start_five()
        self.worker.kill_hard()
        self.worker.restart()
        self.master.connect(self.worker.port)
        self.worker.wait_metric('porpoise_slots{state="used"}', len(tasks))
        self.hang(tasks)
        self.end_session()
        self.registered_in_time(session, tasks, startup)


if __name__ == "__main__":
    unittest.main()
