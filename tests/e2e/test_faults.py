"""Wrong files end with 2 and a position, wrong machines with 3, interrupts with 130, and nothing is left behind."""

import contextlib
import json
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from replay_case import DEADLINE, GOLDEN, ReplayCase, processes_with, task, wait_for, workflow

POSITION = re.compile(r"^ *\d+:\d+ ", re.MULTILINE)


class WrongFiles(ReplayCase):
    def refused(self, file, *options, status=2):
        done = self.replay(file, *options, expect=status)
        self.assertEqual(done.stdout, "", "diagnostics belong on standard error")
        self.assertFalse(self.run_directory.exists(), "something ran")
        return done.stderr

    def test_every_malformed_file_is_refused_with_a_position(self):
        files = sorted((GOLDEN / "malformed").glob("*.json"))
        self.assertGreater(len(files), 15)
        for file in files:
            with self.subTest(file.name):
                self.assertRegex(self.refused(file), POSITION)

    def test_ten_thousand_levels_are_refused(self):
        self.assertIn("deeper than", self.refused(self.write("[" * 10000, "deep.json")))

    def test_an_unknown_type_is_refused_with_position_pointer_and_suggestion(self):
        error = self.refused(self.write(json.dumps([workflow([task("a"), task("b", taskType="SHELLL")])], indent=1)))
        self.assertRegex(error, r"\d+:\d+ /0/taskDefinitionList/1/taskType: task 'b': no plugin for task type 'SHELLL'")
        self.assertIn("did you mean 'SHELL'?", error)

    def test_an_unknown_type_elsewhere_does_not_stop_one_task(self):
        flow = workflow([task("a"), task("b", taskType="FLINK")])
        self.replay(flow, "--task", "a")
        self.assertEqual(self.states(), {"a": "SUCCESS"})

    def test_parameters_that_do_not_fit_are_refused_with_their_place(self):
        broken = task("a")
        del broken["taskParams"]["rawScript"]
        error = self.refused(self.write(json.dumps([workflow([broken])], indent=1)))
        self.assertRegex(error, r"\d+:\d+ /0/taskDefinitionList/0/taskParams: task 'a': rawScript is missing")

    def test_logic_of_other_workflows_is_refused_in_words(self):
        for kind in ("DEPENDENT", "BLOCKING"):
            with self.subTest(kind):
                self.assertIn(kind, self.refused(self.write([workflow([task("a", taskType=kind)])])))

    def test_files_that_are_not_there_or_no_files(self):
        self.assertIn("No such file", self.refused(self.folder / "missing.json"))
        self.assertIn("is a folder", self.refused(self.folder))

    def test_several_workflows_want_a_choice(self):
        file = self.write([workflow([task("a")]), workflow([task("b")], name="other", code=2000)])
        self.assertIn("choose one with --workflow: 'w', 'other'", self.refused(file))
        self.replay(file, "--workflow", "other")
        self.assertEqual(self.states(), {"b": "SUCCESS"})
        self.assertIn("no workflow 'othr' (did you mean 'other'?)", self.refused(file, "--workflow", "othr"))

    def test_a_broken_configuration_is_refused_with_a_position(self):
        flow = self.write([workflow([task("a")])])
        error = self.refused(flow, "--config", self.write("plugin:\n  SHELL: {}\n", "porpoise.yaml"))
        self.assertIn("porpoise.yaml: line 1, column 1: unknown key 'plugin' (did you mean 'plugins'?)", error)

    def test_wrong_options_are_refused(self):
        flow = self.write([workflow([task("a")])])
        for options in (["--set", "novalue"], ["--parallel", "0"], ["--json", "--quiet"], ["--failure-strategy", "x"],
                        ["--nonsense"], ["--task", "a", "--from", "a"], ["--relink", "x"]):
            with self.subTest(options):
                self.refused(flow, *options)

    def test_circular_parameters_are_refused_before_anything_runs(self):
        loop = [{"prop": name, "direct": "IN", "type": "VARCHAR", "value": value}
                for name, value in (("x", "${y}"), ("y", "${x}"))]
        self.assertIn("circular", self.refused(self.write([workflow([task("a")], global_params=loop)])))


class StaleCodes(ReplayCase):
    """An import of 3.1 renumbers tasks but not the codes inside SWITCH and CONDITIONS."""

    def setUp(self):
        super().setUp()
        self.choose = task("choose", taskType="SWITCH", taskParams={"switchResult": {
            "dependTaskList": [{"condition": "1 == 1", "nextNode": 77}], "nextNode": 78}})
        self.flow = workflow([self.choose, task("yes"), task("no")], [("choose", "yes"), ("choose", "no")])

    def test_two_readings_are_asked_for_with_the_options_to_give(self):
        done = self.replay(self.flow, expect=2)
        options = re.findall(r"--relink '([^']+)'", done.stderr)
        self.assertIn("choose:branch 1=yes", options)
        self.assertIn("choose:default=no", options)
        done = self.replay(self.flow, "--relink", "choose:branch 1=yes", "--relink", "choose:default=no")
        self.assertEqual(self.states(), {"choose": "SUCCESS", "yes": "SUCCESS"})

    def test_the_only_reading_is_taken_and_said(self):
        self.choose["taskParams"]["switchResult"]["nextNode"] = self.flow["taskDefinitionList"][2]["code"]
        done = self.replay(self.flow)
        self.assertRegex(done.stderr, r"'?choose'?.*'?yes'?")
        self.assertEqual(self.states(), {"choose": "SUCCESS", "yes": "SUCCESS"})


    def test_a_task_beside_them_runs_alone(self):
        self.replay(self.flow, "--task", "yes")
        self.assertEqual(self.states(), {"yes": "SUCCESS"})


class Environment(ReplayCase):
    def setUp(self):
        super().setUp()
        self.flow = workflow([task("a")])

    def test_a_missing_host_gives_3(self):
        self.environment["PORPOISE_HOST"] = "/nonexistent/porpoise-host"
        self.assertIn("PORPOISE_HOST", self.replay(self.flow, expect=3).stderr)

    def test_no_plugins_give_3(self):
        lonely = self.folder / "bin" / "porpoise"
        lonely.parent.mkdir()
        lonely.write_bytes(Path(self.binary).read_bytes())
        lonely.chmod(0o755)
        self.binary = str(lonely)
        self.assertIn("no plugin", self.replay(self.flow, expect=3).stderr)

    def test_a_run_directory_that_cannot_be_made_gives_3(self):
        self.folder.joinpath("file").write_text("")
        file = self.write([self.flow])
        for place in ("/proc/nothing", self.folder / "file" / "run", self.folder):
            with self.subTest(place):
                done = subprocess.run([self.binary, "replay", file, "--run-dir", place], env=self.environment,
                                      text=True, capture_output=True, timeout=DEADLINE)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn("--run-dir", done.stderr)

    def test_a_summary_that_cannot_be_written_gives_3_before_anything_runs(self):
        done = subprocess.run([self.binary, "replay", self.write([self.flow]), "--summary", "/no/summary.json"],
                              env=self.environment, text=True, capture_output=True, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("cannot write summary /no/summary.json", done.stderr)

    def test_a_python_that_does_not_exist_gives_3(self):
        self.assertIn("/no/python", self.replay(self.flow, "--python", "/no/python", expect=3).stderr)


class Interrupts(ReplayCase):
    """Tasks that would run for an hour, hide in sessions of their own and ignore SIGTERM."""

    def setUp(self):
        super().setUp()
        self.mark = f"porpoise-e2e-mark-{self.folder.name}"
        stubborn = "trap '' TERM; (setsid bash -c 'trap \"\" TERM; exec -a hidden sleep 3600' &) ; sleep 3600"
        self.flow = workflow([task("polite", "sleep 3600"), task("stubborn", stubborn), task("after")],
                             [("polite", "after")])
        self.environment["PORPOISE_E2E_MARK"] = self.mark

    def start_and_wait(self, *options):
        process = self.start(self.flow, "--parallel", "2", *options)
        self.addCleanup(self.kill_leftovers)
        # Two shells with their sleeps, and the one that hides.
        wait_for(lambda: sum("sleep" in self.command_of(pid) or "hidden" in self.command_of(pid)
                             for pid in processes_with(self.mark)) >= 3, "the start of the tasks")
        return process

    @staticmethod
    def command_of(pid):
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            return ""

    def kill_leftovers(self):
        for pid in processes_with(self.mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def test_control_c_gives_130_and_leaves_no_process(self):
        process = self.start_and_wait("--kill-grace", "1")
        output = self.interrupt(process)
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(processes_with(self.mark), [])
        self.assertEqual(self.states(), {"polite": "KILL", "stubborn": "KILL"})
        self.assertIn("after: NOT RUN", output)
        self.assertEqual(self.summary()["state"], "STOP")

    def test_sigterm_and_sighup_do_the_same(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                process = self.start_and_wait("--kill-grace", "0.2")
                output = self.interrupt(process, number)
                self.assertEqual(process.returncode, 130, output)
                self.assertEqual(processes_with(self.mark), [])

    def test_the_second_control_c_does_not_wait_for_the_grace_period(self):
        process = self.start_and_wait("--kill-grace", "600")
        process.send_signal(signal.SIGINT)
        for line in process.stdout:
            if "interrupted" in line:
                break
        output = self.interrupt(process)
        self.assertEqual(process.returncode, 130, output)
        self.assertEqual(processes_with(self.mark), [])

    def test_kill_9_of_replay_leaves_no_process(self):
        process = self.start_and_wait("--kill-grace", "1")
        process.kill()
        process.wait(DEADLINE)
        wait_for(lambda: not processes_with(self.mark), "the end of every process")


class CommandLine(ReplayCase):
    def porpoise(self, *arguments):
        return subprocess.run([self.binary, *arguments], env=self.environment, text=True, capture_output=True,
                              timeout=DEADLINE)

    def test_an_unknown_command_gives_2_and_a_suggestion(self):
        done = self.porpoise("repaly")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("did you mean 'replay'?", done.stderr)

    def test_help_and_version_go_to_standard_output(self):
        self.assertRegex(self.porpoise("--version").stdout,
                         r"\Aporpoise \d+\.\d+\.\d+\ncommit \w+ of \d{4}-\d\d-\d\d\nplugin ABI 1\.\d+\nspeaks to DolphinScheduler 3\.1\n\Z")
        for arguments in (["--help"], ["replay", "--help"]):
            done = self.porpoise(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("--relink", done.stdout)
        self.assertIn("Examples:", done.stdout)

    def test_no_command_gives_2(self):
        done = self.porpoise()
        self.assertEqual((done.returncode, done.stdout), (2, ""))


if __name__ == "__main__":
    unittest.main()
