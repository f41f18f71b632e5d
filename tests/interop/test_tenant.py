"""The tenant of a workflow is the OS user that its tasks run as."""

import os
import pwd
import shutil
import unittest

from scenario import DEADLINE, Scenario
from tasks import shell

ABSENT = "interop-nobody-has-this"


class Tenant(Scenario):
    @classmethod
    def begin(cls):
        if os.geteuid() != 0 or not shutil.which("sudo"):
            raise unittest.SkipTest("only root, with sudo, can run tasks as somebody else")
        try:
            cls.user = pwd.getpwnam("nobody")
        except KeyError:
            raise unittest.SkipTest("there is no user 'nobody'") from None
        cls.api.add_tenant("nobody")
        cls.api.add_tenant(ABSENT)
        script = "id -un; echo of the tenant > /tmp/$$ && rm /tmp/$$ && echo written"
        cls.other = cls.run_workflow([shell("other", script)], tenant="nobody")
        cls.own = cls.run_workflow([shell("own", script)])
        cls.absent = cls.run_workflow([shell("absent", "echo ran")], tenant=ABSENT)
        for run in (cls.other, cls.own, cls.absent):
            run.wait(DEADLINE)

    def test_a_task_runs_as_its_tenant(self):
        self.assertEqual(self.other.output("other"), ["nobody", "written"])
        self.assertEqual(self.own.output("own"), ["root", "written"])

    def test_an_unknown_tenant_fails_the_task_and_its_log_says_so(self):
        self.assertEqual(self.absent.states(), {"absent": "FAILURE"})
        log = self.api.log(self.absent.tasks()["absent"]["id"])
        self.assertRegex(log, rf"(?i)tenant.*{ABSENT}|{ABSENT}.*tenant")
        self.assertNotIn("-> ran", log)
        with self.assertRaises(KeyError):
            pwd.getpwnam(ABSENT)  # and nobody created it


if __name__ == "__main__":
    unittest.main()
