"""The environment that a person chooses for a task: shell lines that run before it."""

import unittest

from scenario import Scenario
from tasks import python, shell

CONFIG = """\
export INTEROP_PLAIN=value
export INTEROP_QUOTED="with spaces and 'quotes'"
# a comment
export INTEROP_DERIVED=${INTEROP_PLAIN}/bin
INTEROP_NOT_EXPORTED=x
"""


class Environment(Scenario):
    @classmethod
    def begin(cls):
        code = cls.api.add_environment("interop", CONFIG)
        other = cls.api.add_environment("interpreter", "export PYTHON_HOME=/usr/bin/python3\nexport INTEROP_PLAIN=p")
        cls.flow = cls.run_workflow([
            shell("chosen", "bash -c 'echo \"$INTEROP_PLAIN|$INTEROP_QUOTED|$INTEROP_DERIVED|$INTEROP_NOT_EXPORTED\"'",
                  environment=code),
            shell("none", "echo \"[$INTEROP_PLAIN]\""),
            python("python", "import os, sys\nprint(os.environ['INTEROP_PLAIN'], sys.executable)", environment=other),
        ])
        cls.flow.wait()

    def test_a_task_sees_what_its_environment_exports(self):
        self.assertEqual(self.flow.output("chosen"), ["value|with spaces and 'quotes'|value/bin|"])

    def test_a_task_without_one_sees_nothing_of_it(self):
        self.assertEqual(self.flow.output("none"), ["[]"])

    def test_an_environment_may_name_the_interpreter(self):
        self.assertEqual(self.flow.output("python")[-1], "p /usr/bin/python3")

    def test_all_succeed(self):
        self.assertEqual(self.flow.state, "SUCCESS")


if __name__ == "__main__":
    unittest.main()
