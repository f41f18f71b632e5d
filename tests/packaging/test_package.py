"""The Debian packages and the tarball of a build: what is in them, what lintian says, and that they run from where they are
unpacked, for an ordinary user."""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["PORPOISE_BUILD"])
PACKAGES = ("porpoise", "porpoise-dev", "porpoise-sandbox")
NOBODY = 65534


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=150, **options)


def check(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def is_sanitized():
    return bool(re.search(r"^PORPOISE_SANITIZE:\w+=.", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE))


def make_packages(folder):
    """name -> file of the packages of the build."""
    check("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    shutil.rmtree(Path(folder, "_CPack_Packages"))
    return {check("dpkg-deb", "-f", file, "Package").strip(): file for file in Path(folder).glob("*.deb")}


class InAFolder(unittest.TestCase):
    """A folder that everybody may enter, as an installation is."""

    @classmethod
    def setUpClass(cls):
        if is_sanitized():
            raise unittest.SkipTest("SKIPPED: nobody ships a build with sanitizers; the check build has these tests")
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = Path(temporary.name)
        cls.folder.chmod(0o755)

    def as_nobody(self, *command):
        """With nothing of this process's environment. As root it becomes nobody; otherwise it is an ordinary user already."""
        become = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"] if os.geteuid() == 0 else []
        home = self.folder / "home"
        if not home.exists():
            home.mkdir()
            home.chmod(0o777)
        return check("env", "-i", "PATH=/usr/bin:/bin", f"HOME={home}", *become, *command, cwd=home)

    def runs(self, porpoise):
        version = check(BUILD / "bin/porpoise", "--version")
        self.assertEqual(self.as_nobody(porpoise, "--version"), version)
        listed = self.as_nobody(porpoise, "plugins", "list")
        for task_type in ("HTTP", "OPENMLDB", "PYTHON", "SHELL", "SWITCH"):
            self.assertRegex(listed, rf"(?m)^{task_type} ")
        self.assertNotIn("refused", listed)
        hello = self.folder / "hello.json"
        if not hello.exists():
            shutil.copy(ROOT / "examples/hello/workflow.json", hello)
        self.assertIn("SUCCESS", self.as_nobody(porpoise, "replay", hello, "--run-dir", self.folder / "home/run"))


class Packages(InAFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.debs = make_packages(cls.folder / "packages")
        for name, deb in cls.debs.items():
            check("dpkg-deb", "-x", deb, cls.folder / name)
        cls.root = cls.folder / "porpoise"
        cls.unit = (cls.root / "lib/systemd/system/porpoise-worker.service").read_text()

    def test_there_are_three(self):
        self.assertEqual(sorted(self.debs), sorted(PACKAGES))

    @unittest.skipUnless(shutil.which("lintian"), "SKIPPED: there is no lintian here")
    def test_lintian_finds_no_error(self):
        done = run("lintian", "--allow-root", "--fail-on", "error", *self.debs.values())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_unit_starts_what_the_package_has_and_leaves_tasks_alone(self):
        program = re.search(r"^ExecStart=(\S+)", self.unit, re.MULTILINE)[1]
        self.assertTrue((self.root / program.lstrip("/")).is_file(), program)
        self.assertIn("\nKillMode=process\n", self.unit)
        self.assertNotIn("/usr/local", self.unit)

    def test_its_configuration_is_a_conffile_and_closed_to_others(self):
        self.assertEqual(check("dpkg-deb", "-I", self.debs["porpoise"], "conffiles"), "/etc/porpoise/porpoise.yaml\n")
        file = self.root / "etc/porpoise/porpoise.yaml"
        self.assertEqual(file.stat().st_mode & 0o777, 0o640)
        self.assertEqual(file.read_text(), check(BUILD / "bin/porpoise", "config", "example"))

    def test_it_has_a_page_for_each_command_and_completes_in_each_shell(self):
        commands = re.findall(r"^  ([a-z]\w*)", check(BUILD / "bin/porpoise", "--help").split("Subcommands:\n")[1], re.MULTILINE)
        pages = {page.name for page in (self.root / "usr/share/man").glob("man?/*")}
        self.assertEqual(pages, {"porpoise.1.gz", "porpoise.yaml.5.gz"} | {f"porpoise-{name}.1.gz" for name in commands})
        for file in ("bash-completion/completions/porpoise", "zsh/vendor-completions/_porpoise",
                     "fish/vendor_completions.d/porpoise.fish"):
            self.assertIn("__complete", (self.root / "usr/share" / file).read_text())

    def test_each_has_copyright_changelog_and_news(self):
        for name in PACKAGES:
            folder = self.folder / name / "usr/share/doc" / name
            self.assertIn("Apache-2.0", (folder / "copyright").read_text())
            self.assertTrue(gzip.decompress((folder / "changelog.gz").read_bytes()).startswith(b"porpoise ("))
            self.assertEqual(gzip.decompress((folder / "NEWS.md.gz").read_bytes()), (ROOT / "CHANGELOG.md").read_bytes())

    def test_their_dependencies_are_those_of_the_programs(self):
        depends = check("dpkg-deb", "-f", self.debs["porpoise"], "Depends")
        for library in ("libc6 (>= 2.3", "libcurl4", "libyaml-cpp0.7", "libzookeeper-st2", "adduser"):
            self.assertIn(library, depends)
        self.assertNotRegex(depends, r"lib[at]san|libubsan")
        self.assertIn("porpoise (>= ", check("dpkg-deb", "-f", self.debs["porpoise-sandbox"], "Depends"))

    def test_it_runs_for_an_ordinary_user(self):
        self.runs(self.root / "usr/bin/porpoise")

    def test_the_machine_is_no_part_of_an_installation_elsewhere(self):
        """`cmake --install --prefix` writes below its prefix alone: neither /etc nor the units of this machine."""
        script = (BUILD / "cmake_install.cmake").read_text()
        for place in ('DESTINATION "/etc/porpoise', 'DESTINATION "/lib/systemd', 'DESTINATION "/usr/share/doc'):
            condition = re.findall(r"^if\(.*CMAKE_INSTALL_COMPONENT.*$", script.split(place)[0], re.MULTILINE)[-1]
            self.assertRegex(condition, r'^if\(CMAKE_INSTALL_COMPONENT STREQUAL "\w+"\)$', place)  # not: OR NOT given


@unittest.skipUnless(shutil.which("patchelf"), "SKIPPED: there is no patchelf here")
class Tarball(InAFolder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        file = Path(check(ROOT / "docker/package/portable.sh", BUILD, cls.folder).strip())
        check("tar", "-C", cls.folder, "-xf", file)
        cls.top = cls.folder / file.name.removesuffix(".tar.xz")

    def programs(self):
        return [*(self.top / "bin").iterdir(), *(self.top / "lib/porpoise/plugins").iterdir(),
                *(file for file in (self.top / "libexec/porpoise").iterdir() if "sandbox" not in file.name)]

    def test_all_libraries_but_those_of_glibc_lie_beside_it(self):
        self.assertGreater(len(self.programs()), 8)
        for program in self.programs():
            with self.subTest(program.name):
                places = re.findall(r" => (\S+)", check("ldd", program))
                # ldd follows $ORIGIN, and shows it unresolved: lib/../lib.
                outside = {Path(place).name for place in places if not os.path.realpath(place).startswith(str(self.top))}
                self.assertLessEqual(outside, {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0",
                                               "libresolv.so.2"})

    def test_no_library_asks_for_a_later_glibc_than_2_36(self):
        for file in [*self.programs(), *(self.top / "lib/porpoise/libraries").iterdir()]:
            versions = re.findall(r"GLIBC_2\.(\d+)", check("readelf", "--version-info", file))
            self.assertLessEqual(max(map(int, versions), default=0), 36, file.name)

    def test_it_runs_for_an_ordinary_user(self):
        self.runs(self.top / "bin/porpoise")


if __name__ == "__main__":
    unittest.main()
