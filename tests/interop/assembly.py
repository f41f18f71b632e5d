"""The programs of the control plane: what this machine must have, and the class paths that Maven makes.

Class paths and the schema of the database depend on the poms alone, so they are kept in the folder of the run and made
once; the jars stay in Maven's own repository.
"""

import hashlib
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PARTS = ("master", "api", "worker")
MAVEN_LIMIT = 900  # seconds: a cold repository fetches a quarter of a gigabyte


def postgres_programs():
    """Debian keeps them out of PATH: the newest version's folder, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def missing():
    """Why the control plane cannot run here, or an empty text."""
    absent = [name for name in ("java", "mvn", "psql") if not shutil.which(name)]
    if not postgres_programs():
        absent.append("postgres")
    return f"not installed: {', '.join(absent)}" if absent else ""


class Assembly:
    """Class paths and schema, kept below `folder`."""

    def __init__(self, folder, say):
        self.folder = Path(folder)
        self.say = say
        self.folder.mkdir(parents=True, exist_ok=True)

    def prepare(self):
        if self._stamp_file().exists() and self._stamp_file().read_text() == self._stamp() and self._jars_exist():
            return
        self.say("class paths from Maven (minutes when its repository is cold)")
        self._stamp_file().unlink(missing_ok=True)
        log = self.folder / "maven.log"
        command = ["mvn", "-B", "-q", "-f", str(HERE / "maven" / "pom.xml"), "dependency:build-classpath",
                   f"-Dinterop.classpaths={self.folder}"]
        for attempt in (1, 2):  # what a first, interrupted download brought is kept
            with log.open("w") as output:
                done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                      timeout=MAVEN_LIMIT)
            if done.returncode == 0:
                break
            if attempt == 2:
                raise RuntimeError(f"mvn failed; {log} ends:\n{log.read_text()[-2000:]}")
        self._write_schema()
        self._stamp_file().write_text(self._stamp())

    def class_path(self, part):
        return (self.folder / f"{part}.classpath").read_text().strip()

    def schema(self):
        return self.folder / "schema.sql"

    def quartz_schema(self):
        """Quartz ships its tables as a script inside its jar."""
        with zipfile.ZipFile(self._jar("quartz-2")) as jar:
            return jar.read("org/quartz/impl/jdbcjobstore/tables_postgres.sql").decode()

    def _write_schema(self):
        command = ["java", "-XX:TieredStopAtLevel=1", "-cp", self.class_path("master"), str(HERE / "EntitySchema.java"),
                   self._jar("dolphinscheduler-dao-")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"EntitySchema.java failed:\n{done.stderr[-2000:]}")
        self.schema().write_text(done.stdout)

    def _jar(self, prefix):
        return next(jar for jar in self.class_path("master").split(":") if Path(jar).name.startswith(prefix))

    def _jars_exist(self):
        return all(os.path.exists(jar) for part in PARTS for jar in self.class_path(part).split(":"))

    def _stamp_file(self):
        return self.folder / "assembled"

    def _stamp(self):
        digest = hashlib.sha256()
        for file in sorted((HERE / "maven").rglob("pom.xml")) + [HERE / "EntitySchema.java"]:
            digest.update(file.read_bytes())
        return digest.hexdigest()
