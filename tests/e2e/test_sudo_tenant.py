"""Tasks of a tenant under a worker that is not root: real users, real sudo.

The tests themselves are in tests/unit/launcher/sudo_tenant_test.cc. This makes two users, and a rule that lets one act
as the other, runs the tests as the first, and takes all of it away again.
"""

import os
import pwd
import shutil
import subprocess
import unittest
from pathlib import Path

from replay_case import DEADLINE, find_binary

WORKER = f"pw-{os.getpid()}"
TENANT = f"pt-{os.getpid()}"
RULES = Path(f"/etc/sudoers.d/porpoise-test-{os.getpid()}")


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE)


class SudoTenant(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can make users")
        for program in ("sudo", "visudo", "useradd", "userdel"):
            if not shutil.which(program):
                raise unittest.SkipTest(f"no {program} on the PATH")
        cls.program = Path(find_binary()).with_name("launcher_test")
        if not cls.program.is_file():
            raise unittest.SkipTest(f"no {cls.program}: build target launcher_test")
        cls.addClassCleanup(RULES.unlink, missing_ok=True)
        for user in (WORKER, TENANT):
            cls.addClassCleanup(run, "userdel", user)
            made = run("useradd", "--no-create-home", user)
            if made.returncode != 0:
                raise unittest.SkipTest(f"no users can be made here: {made.stderr.strip()}")
            cls.addClassCleanup(run, "pkill", "-KILL", "-u", user)
        cls.user = pwd.getpwnam(WORKER)
        if run("setpriv", "--reuid", WORKER, "--regid", WORKER, "--clear-groups", "--",
               "test", "-x", str(cls.program)).returncode != 0:
            raise unittest.SkipTest(f"others may not run {cls.program}: the tests need a build folder that they can enter")

    def run_tests(self, suite):
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "PORPOISE_TEST_TENANT": TENANT}
        done = subprocess.run([self.program, f"--gtest_filter={suite}.*"], user=self.user.pw_uid,
                              group=self.user.pw_gid, extra_groups=[], env=environment, cwd="/", text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=4 * DEADLINE)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("[  PASSED  ]", done.stdout)
        self.assertNotIn("[  SKIPPED ]", done.stdout)
        self.assertNotIn("Running 0 tests", done.stdout)

    def test_with_a_rule_tasks_run_as_their_tenant_and_end_without_a_trace(self):
        RULES.write_text(f"{WORKER} ALL=({TENANT}) NOPASSWD: ALL\n")
        RULES.chmod(0o440)
        self.addCleanup(RULES.unlink)
        checked = run("visudo", "-c", "-f", str(RULES))
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.run_tests("SudoTenant")

    def test_without_a_rule_one_error_says_which_one_is_missing(self):
        self.run_tests("NoSudo")


if __name__ == "__main__":
    unittest.main()
