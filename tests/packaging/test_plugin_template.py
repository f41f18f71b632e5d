"""A third party builds a plugin against the installed package, and porpoise runs it."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = os.environ["PORPOISE_BUILD"]


def run(*command: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


class PluginTemplate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name) / "prefix"
        cls.plugin = pathlib.Path(cls.folder.name) / "plugin"
        cls.check("cmake", "--install", BUILD, "--prefix", str(cls.prefix))
        template = cls.prefix / "share/porpoise/examples/plugin-template"
        cls.check("cmake", "-S", str(template), "-B", str(cls.plugin), f"-DCMAKE_PREFIX_PATH={cls.prefix}")
        cls.check("cmake", "--build", str(cls.plugin))
        cls.porpoise = str(cls.prefix / "bin/porpoise")
        cls.workflow = str(template / "workflow.json")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def check(cls, *command: str) -> str:
        done = run(*command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def test_exports_only_the_plugin_symbol(self):
        symbols = self.check("nm", "-D", "--defined-only", str(self.plugin / "hello.so")).split("\n")
        self.assertEqual([line.split()[-1] for line in symbols if line], ["porpoise_plugin_v1"])

    def test_the_package_has_the_version_of_the_abi(self):
        """Not that of the program: a plugin's project that asks for 1.0 builds against every porpoise of ABI 1."""
        for version, fits in (("1.0", True), ("1", True), ("1.99", False), ("2.0", False), ("0.1", False)):
            with self.subTest(version), tempfile.TemporaryDirectory() as folder:
                pathlib.Path(folder, "CMakeLists.txt").write_text(
                    "cmake_minimum_required(VERSION 3.25)\nproject(ask LANGUAGES NONE)\n"
                    f"find_package(porpoise {version} REQUIRED)\n")
                done = run("cmake", "-S", folder, "-B", folder + "/build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
                self.assertEqual(done.returncode == 0, fits, done.stderr)

    def test_the_promise_and_the_schema_are_installed(self):
        headers = self.prefix / "include/porpoise"
        self.assertIn("The promise", (headers / "README.md").read_text())
        self.assertEqual(json.loads((headers / "context.schema.json").read_text())["$id"], "porpoise.context/1")

    def test_a_plugin_that_needs_what_porpoise_lacks_is_refused_by_name(self):
        with tempfile.TemporaryDirectory() as folder:
            template = self.prefix / "share/porpoise/examples/plugin-template"
            for name in ("hello.c", "params.schema.json"):
                pathlib.Path(folder, name).write_bytes((template / name).read_bytes())
            lists = (template / "CMakeLists.txt").read_text()
            pathlib.Path(folder, "CMakeLists.txt").write_text(
                lists.replace("SOURCES hello.c", "NEEDS porpoise.process/1 com.example.teleport/1 SOURCES hello.c"))
            build = folder + "/build"
            self.check("cmake", "-S", folder, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
            self.check("cmake", "--build", build)
            done = run(self.porpoise, "replay", self.workflow, "--plugin-dir", build)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            listed = run(self.porpoise, "plugins", "list", "--plugin-dir", build)
            self.assertIn("com.example.teleport/1", listed.stdout + listed.stderr)
            self.assertNotIn("porpoise.process/1", listed.stdout + listed.stderr)

    def test_is_described_without_running_it(self):
        text = self.check(self.porpoise, "plugins", "describe", "HELLO", "--plugin-dir", str(self.plugin))
        self.assertIn("greeting", text)
        self.assertIn("what to say", text)

    def test_runs_in_a_workflow_with_the_installed_binary(self):
        summary = pathlib.Path(self.folder.name) / "summary.json"
        done = run(self.porpoise, "replay", self.workflow, "--plugin-dir", str(self.plugin), "--summary", str(summary),
                   "--run-dir", str(pathlib.Path(self.folder.name) / "run"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        task = json.loads(summary.read_text())["tasks"]["greet"]
        self.assertEqual(task["state"], "SUCCESS")
        self.assertEqual(task["varPool"][0]["value"], "hello world")

    def test_resources_are_fetched_by_the_installed_programs(self):
        centre = pathlib.Path(self.folder.name) / "centre"
        centre.mkdir()
        (centre / "a.txt").write_text("from the centre")
        flow = json.loads(pathlib.Path(self.workflow).read_text())
        definition = (flow[0] if isinstance(flow, list) else flow)["taskDefinitionList"][0]
        definition["taskParams"]["resourceList"] = [{"resourceName": "/a.txt"}]
        file = centre.with_name("with-resources.json")
        file.write_text(json.dumps(flow))
        run_folder = centre.with_name("run-with-resources")
        done = run(self.porpoise, "replay", str(file), "--plugin-dir", str(self.plugin), "--resources", str(centre),
                   "--keep-work", "--run-dir", str(run_folder))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual([found.read_text() for found in run_folder.rglob("a.txt")], ["from the centre"])

    def test_wrong_parameters_are_found_before_anything_runs(self):
        broken = pathlib.Path(self.folder.name) / "broken.json"
        broken.write_text(pathlib.Path(self.workflow).read_text().replace('"greeting": "hello', '"greting": "hello'))
        done = run(self.porpoise, "replay", str(broken), "--plugin-dir", str(self.plugin))
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("greeting", done.stderr)


if __name__ == "__main__":
    unittest.main()
