"""The real batch engine of OpenMLDB 0.9.0: its packages from Maven, and a process that answers queries."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
from pathlib import Path

import files
from files import OUT
from queries import Query

HERE = Path(__file__).resolve().parent / "engine"
MAVEN_LIMIT_S = 1800  # a cold repository fetches some 0.8 GB
START_LIMIT_S = 600
ANSWER_LIMIT_S = 400
MARK = "ANSWER "
HEAP = "-Xmx1500m"
# Spark 3.2 is older than Java 17, and reaches into these
OPENED = ["java.lang", "java.lang.invoke", "java.lang.reflect", "java.io", "java.net", "java.nio", "java.util",
          "java.util.concurrent", "java.util.concurrent.atomic", "sun.nio.ch", "sun.nio.cs", "sun.security.action",
          "sun.util.calendar"]


class EngineDied(Exception):
    """The process ended, or gave no answer in time: some queries kill the real engine."""


class Assembly:
    """Class path and compiled program, below `folder`; made once, and again when their sources change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def prepare(self) -> None:
        sources = (HERE / "pom.xml").read_text() + (HERE / "BatchEngine.java").read_text()
        stamp = self.folder / "stamp"
        if stamp.exists() and stamp.read_text() == sources:
            return
        classes = self.folder / "classes"
        classes.mkdir(parents=True, exist_ok=True)
        print("oracle: the engine's packages from Maven (0.8 GB the first time)", flush=True)
        self._run("maven.log", ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"),
                                f"-Dmaven.repo.local={self.folder / 'maven'}", "dependency:build-classpath",
                                f"-Dmdep.outputFile={self.folder / 'classpath'}"])
        self._run("javac.log", ["javac", "-proc:none", "-cp", self._packages(), "-d", str(classes),
                                str(HERE / "BatchEngine.java")])
        stamp.write_text(sources)

    def command(self) -> list[str]:
        # of the engine, the shaded jar alone would do; Spark's own jars stand before it
        opened = [word for package in OPENED for word in ("--add-opens", f"java.base/{package}=ALL-UNNAMED")]
        return ["java", *opened, HEAP, "-Duser.timezone=Asia/Shanghai", "-cp",
                f"{self.folder / 'classes'}:{self._packages()}", "BatchEngine", str(self.folder / "run")]

    def _packages(self) -> str:
        return (self.folder / "classpath").read_text().strip()

    def _run(self, log: str, command: list[str]) -> None:
        path = self.folder / log
        with path.open("w") as out:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                  timeout=MAVEN_LIMIT_S)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed; {path} ends:\n{path.read_text()[-2000:]}")


class Engine:
    """One process, started at the first request and again after it died, with the tables it had."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._tables: dict[str, dict] = {}
        self._process: subprocess.Popen | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def set_tables(self, tables: list[dict]) -> None:
        """Tables as {"table", "columns": [[name, type]], "rows"}; those of the same name are replaced."""
        self._tables |= {table["table"]: table for table in tables}
        if self._process:
            self._register(tables)

    def query(self, query: Query) -> dict:
        """{"names", "types", "rows"}, {"files"} or {"error"}; EngineDied when there is no answer at all."""
        if not self._process:
            self._start()
        if query.load is not None:
            return self._load(query)
        if OUT not in query.sql:
            return self._ask({"sql": query.sql})
        with tempfile.TemporaryDirectory(prefix="oracle-engine-") as parent:
            folder = Path(parent) / "out"
            for sql in filter(None, (query.earlier, query.sql)):
                answer = self._ask({"sql": sql.replace(OUT, str(folder))})
            if "error" in answer:
                return {"error": answer["error"].replace(str(folder), OUT)}
            return files.written(folder, query.sql)

    def _load(self, query: Query) -> dict:
        with tempfile.TemporaryDirectory(prefix="oracle-engine-") as folder:
            path = Path(folder) / "load.csv"
            path.write_bytes(query.load.encode())
            return self._ask({"load": str(path), "options": files.spark_options(query.options), "columns": query.columns})

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def _start(self) -> None:
        folder = self._assembly.folder / "run"
        folder.mkdir(exist_ok=True)
        with (folder / "engine.log").open("a") as log:
            self._process = subprocess.Popen(self._assembly.command(), cwd=folder, stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=log, text=True, encoding="utf-8",
                                             env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1"})
        self._lines = queue.Queue()
        threading.Thread(target=_read_lines, args=(self._process.stdout, self._lines), daemon=True).start()
        self._next_line(START_LIMIT_S)
        self._register(list(self._tables.values()))

    def _register(self, tables: list[dict]) -> None:
        for table in tables:
            answer = self._ask(table)
            if "error" in answer:
                raise RuntimeError(f"the engine took no table: {answer['error']}")

    def _ask(self, request: dict) -> dict:
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer tells
        return json.loads(self._next_line(ANSWER_LIMIT_S))

    def _next_line(self, limit: float) -> str:
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty:
            line = None
        if line is None:
            self.close()
            raise EngineDied(f"no answer; see {self._assembly.folder / 'run' / 'engine.log'}")
        return line


def _read_lines(stream, lines: queue.Queue) -> None:
    for line in stream:
        if line.startswith(MARK):
            lines.put(line.removeprefix(MARK))
    lines.put(None)
