"""A worker whose log folder is on a file system that hangs while a file says so: hanging_fs.c, with FUSE; so it takes root,
/dev/fuse and libfuse3-dev."""

import os
import shutil
import subprocess
from pathlib import Path

from fault_case import FaultCase
from waiting import until

SOURCE = Path(__file__).resolve().parent / "hanging_fs.c"


class HangingLogFolder(FaultCase):
    """`silence.touch()` makes it hang, `silence.unlink()` ends that; `behind` is what is in it, and never hangs."""

    def prepare(self):
        compiler = shutil.which("cc") or shutil.which("gcc")
        if not compiler or not shutil.which("pkg-config"):
            self.skipTest("no C compiler and pkg-config for a file system that hangs")
        if os.geteuid() != 0:
            self.skipTest("only root can mount a file system")
        try:
            os.close(os.open("/dev/fuse", os.O_RDWR))
        except OSError as problem:
            self.skipTest(f"no file system that hangs without /dev/fuse: {problem}")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True)
        if flags.returncode != 0:
            self.skipTest("no libfuse3-dev for a file system that hangs")
        self.program = self.history.marks / "hanging_fs"
        subprocess.run([compiler, "-O1", "-o", self.program, SOURCE, *flags.stdout.split()], check=True)

    def new_worker(self, **flags):
        worker = super().new_worker(**flags)
        self.behind, self.silence = self.history.marks / "behind", self.history.marks / "silence"
        self.behind.mkdir()
        worker.log_dir.mkdir()
        server = subprocess.Popen([self.program, self.behind, self.silence, worker.log_dir], stderr=subprocess.DEVNULL)
        self._closing.insert(0, lambda: subprocess.run(["umount", "-l", worker.log_dir], check=False))
        self._closing.append(lambda: self._end_file_system(server))
        until(lambda: os.path.ismount(worker.log_dir) or server.poll() is not None, "the mount", 30)
        if server.poll() is not None:
            self.skipTest("no file system that hangs can be mounted here")
        return worker

    @staticmethod
    def _end_file_system(server):
        """Before the worker's end: what hangs in it gets an error then."""
        server.kill()
        server.wait(30)
