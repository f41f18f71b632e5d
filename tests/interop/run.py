#!/usr/bin/env python3
"""Every scenario, in the order that takes the least time: `run.py [NAME...]`, a name being that of a test file.

Those that wait for minutes are started first and looked at after the others have used the time; those that kill the
master or the worker come last, for they disturb whatever runs.
"""

import sys
import unittest
from pathlib import Path

from scenario import Scenario

HERE = Path(__file__).resolve().parent
QUICK = ["test_shell", "test_python", "test_parameters", "test_switch", "test_http", "test_dry_run", "test_environment",
         "test_tenant", "test_resources", "test_kill", "test_logs", "test_demo", "test_seed", "test_import",
         "test_many"]
SLOW = ["test_timeout", "test_delay"]
DISTURBING = ["test_restart", "test_killed_often", "test_failover"]


def classes_of(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from classes_of(test)
        else:
            yield type(test)


def start(suite):
    """What cannot be started is said by its own tests, which try again."""
    for case in dict.fromkeys(classes_of(suite)):
        try:
            case.setUpClass()
        except (Exception, unittest.SkipTest) as problem:
            print(f"{case.__name__} did not start: {problem}", file=sys.stderr)


def main(names):
    known = QUICK + SLOW + DISTURBING
    present = sorted(file.stem for file in HERE.glob("test_*.py"))
    if sorted(known) != present or not set(names) <= set(known):
        sys.exit(f"run.py knows {sorted(known)}, the folder has {present}, asked for: {names}")
    load = unittest.defaultTestLoader.loadTestsFromName
    suites = {name: load(name) for name in known if not names or name in names}
    start(unittest.TestSuite(suites[name] for name in SLOW if name in suites))
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(suites.values()))
    return 0 if result.wasSuccessful() or passes_alone(result) else 1


def may_be_unstable():
    """The classes that tests/UNSTABLE lists as interop.CLASS."""
    lines = (HERE.parent / "UNSTABLE").read_text().splitlines()
    return {line.split()[0].removeprefix("interop.") for line in lines if line.startswith("interop.")}


def passes_alone(result):
    """What failed is run once more, to learn whether it depends on time or order. That it passes then is good enough
    only for a class that tests/UNSTABLE lists.
    """
    tests = [getattr(test, "test_case", test) for test, _ in result.failures + result.errors]  # of a subtest: its test
    failed = list(dict.fromkeys(type(test) for test in tests if isinstance(test, Scenario)))
    if len(failed) < len(set(map(type, tests))):
        return False  # a class or module that could not be set up at all
    for case in failed:
        case.begun = False
    names = " ".join(case.__name__ for case in failed)
    print(f"failed, once more: {names}", file=sys.stderr)
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    if not unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(map(load, failed))).wasSuccessful():
        return False
    print(f"UNSTABLE, failed and then passed: {names}", file=sys.stderr)
    unlisted = {case.__name__ for case in failed} - may_be_unstable()
    if unlisted:
        print(f"tests/UNSTABLE does not list them: {sorted(unlisted)}", file=sys.stderr)
    return not unlisted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
