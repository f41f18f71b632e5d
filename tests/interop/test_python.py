"""PYTHON tasks with the interpreter that PYTHON_HOME of the worker names."""

import unittest

from scenario import Scenario
from tasks import in_param, out_param, python


class Python(Scenario):
    @classmethod
    def begin(cls):
        cls.flow = cls.run_workflow([
            python("ok", "import sys\nprint(sys.version_info.major)\nprint('${greeting}', 'ümläut ✓')",
                   [in_param("greeting", "hello")]),
            python("exception", "print('before', flush=True)\nraise ValueError('of the script')"),
            python("exit 7", "raise SystemExit(7)"),
            python("out", "print('${setValue(answer=42)}')", [out_param("answer")]),
        ])
        cls.flow.wait()

    def test_the_exit_status_decides_the_state(self):
        self.assertEqual(self.flow.states(), {"ok": "SUCCESS", "exception": "FAILURE", "exit 7": "FAILURE",
                                              "out": "SUCCESS"})

    def test_placeholders_of_the_script_are_filled(self):
        self.assertEqual(self.flow.output("ok")[-2:], ["3", "hello ümläut ✓"])

    def test_the_traceback_is_in_the_log(self):
        output = self.flow.output("exception")
        self.assertIn("before", output)
        self.assertEqual(output[-1], "ValueError: of the script")

    def test_a_printed_value_becomes_an_out_parameter(self):
        self.assertEqual(self.flow.out_values("out"), {"answer": "42"})


if __name__ == "__main__":
    unittest.main()
