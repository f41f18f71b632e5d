"""The image and the unit: what can be checked of them without a Docker engine and without being init."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["PORPOISE_BUILD"])
# In every Debian image, or a compiler's run-time library that libc6's dependents bring along.
ALWAYS_THERE = {"libc6", "libgcc-s1", "libstdc++6"}
SANITIZERS = {"libasan8", "libubsan1", "libtsan2"}  # of the build under test


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def libraries_of(program):
    """The shared libraries that a program names itself, not those of its libraries."""
    names = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", str(program)))
    places = dict(re.findall(r"^\s*(\S+) => (\S+)", output("ldd", str(program)), re.MULTILINE))
    return {places[name] for name in names if name in places}


def packages_of(libraries):
    """library -> Debian package."""
    # dpkg knows a library by the path it was shipped with, which may be from before /lib became a link to /usr/lib.
    shipped = {form: library for library in libraries for form in (library, "/usr" + library, library.removeprefix("/usr"))}
    done = subprocess.run(["dpkg", "-S", *shipped], capture_output=True, text=True, timeout=60, check=False)
    owners = (line.rsplit(": ", 1) for line in done.stdout.splitlines())
    return {shipped[file]: owner.split(":")[0] for owner, file in owners}


class Dockerfile(unittest.TestCase):
    text = (ROOT / "docker/Dockerfile").read_text()

    def test_the_image_has_every_library_that_the_programs_need(self):
        # The last of the two stages is the image.
        installed = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", self.text.split("FROM")[-1].split("rm -rf")[0]))
        programs = [file for folder in ("bin", "plugins") for file in (BUILD / folder).glob("*")
                    if file.name in ("porpoise", "porpoise-host", "porpoise-fetch") or file.suffix == ".so"]
        self.assertTrue(programs)
        needed = {program.name: libraries_of(program) for program in programs}
        owners = packages_of(set().union(*needed.values()))
        for program, libraries in needed.items():
            with self.subTest(program=program):
                packages = {owners[library] for library in libraries}
                self.assertEqual(packages - ALWAYS_THERE - SANITIZERS - installed, set())

    def test_what_it_installs_exists(self):
        names = re.search(r"no-install-recommends \\\n(.*?)&&", self.text.split("FROM")[-1], re.DOTALL).group(1)
        wanted = set(names.replace("\\", "").split())
        known = output("apt-cache", "show", "--no-all-versions", *sorted(wanted))
        self.assertEqual(set(re.findall(r"^Package: (\S+)", known, re.MULTILINE)), wanted)

    def test_it_runs_without_privileges(self):
        self.assertIn("\nUSER porpoise\n", self.text)
        self.assertIn("PORPOISE_SUDO=false", self.text)


@unittest.skipUnless(shutil.which("systemd-analyze"), "SKIPPED: there is no systemd-analyze here")
class Unit(unittest.TestCase):
    file = ROOT / "docker/porpoise-worker.service"

    def test_systemd_finds_no_mistake_in_it(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / self.file.name
            unit.write_text(self.file.read_text().replace("/usr/local/bin/porpoise", str(BUILD / "bin/porpoise")))
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60)
            about_it = [line for line in (done.stdout + done.stderr).splitlines() if "porpoise" in line]
            self.assertEqual((about_it, done.returncode), ([], 0))

    def test_its_exposure_is_at_most_3(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=30", "--no-pager", str(self.file)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout[-200:] + done.stderr)


if __name__ == "__main__":
    unittest.main()
