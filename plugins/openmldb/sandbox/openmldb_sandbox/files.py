"""Finding the files a `LOAD DATA INFILE` path means, and the failures a batch job dies of.

A job never reports through its statement: what went wrong ends up as a Java exception in its log.
`JobFailure` is that exception.
"""

from __future__ import annotations

import glob
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SPARK_ANALYSIS = "org.apache.spark.sql.AnalysisException"
_ILLEGAL_ARGUMENT = "java.lang.IllegalArgumentException"


class JobFailure(Exception):
    """Ends a job in state FAILED; `exception` and `message` are what its log shows."""

    def __init__(self, exception: str, message: str) -> None:
        super().__init__(message)
        self.exception = exception
        self.message = message


def analysis_failure(message: str) -> JobFailure:
    """A failure Spark itself reports."""
    return JobFailure(_SPARK_ANALYSIS, message)


def requirement_failure(message: str) -> JobFailure:
    """A failure of the engine's own checks."""
    return JobFailure(_ILLEGAL_ARGUMENT, message)


def local_path(uri: str) -> str:
    """The path of a plain path or a `file:` URI; other schemes need systems that are not here."""
    parts = urlsplit(uri)
    if len(parts.scheme) <= 1 and "://" not in uri:
        return uri
    if parts.scheme == "file":
        return unquote(parts.path)
    raise JobFailure(
        "org.apache.hadoop.fs.UnsupportedFileSystemException",
        f'No FileSystem for scheme "{parts.scheme}": the sandbox reads local files only',
    )


def input_files(uri: str) -> list[Path]:
    """The files of a path, a directory or a glob, in name order, without hidden files."""
    path = local_path(uri)
    found = [Path(match) for match in sorted(glob.glob(path))] if glob.has_magic(path) else [Path(path)]
    files: list[Path] = []
    for entry in found:
        if entry.is_dir():
            files += sorted(child for child in entry.iterdir() if child.is_file() and child.name[0] not in "._")
        elif entry.exists():
            files.append(entry)
        else:
            found = []
    if not found:
        raise analysis_failure(f"Path does not exist: file:{Path(path).absolute()}")
    return files


class Places:
    """The folders that statements may read and write in: a path is a caller's, and the files are the sandbox's user's.

    Links are followed before it is looked where they lead. None: anywhere, for an engine that no server is before.
    """

    def __init__(self, folders: list[Path] | None = None) -> None:
        self._folders = None if folders is None else [folder.resolve() for folder in folders]

    def real(self, path: Path) -> Path:
        """Where that really is; JobFailure when it is not in one of the folders."""
        real = path.resolve()
        if self._folders is None or any(real.is_relative_to(folder) for folder in self._folders):
            return real
        allowed = ", ".join(map(str, self._folders)) or "none"
        raise JobFailure(
            "java.nio.file.AccessDeniedException",
            f"{real}: the sandbox reads and writes in these folders only: {allowed} (--allow-dir names more)",
        )

    def input_files(self, uri: str) -> list[Path]:
        """As the function of that name, each of them checked; nothing is told of what is elsewhere."""
        path = Path(local_path(uri))
        fixed = next((Path(*path.parts[:i]) for i, part in enumerate(path.parts) if glob.has_magic(part)), path)
        self.real(fixed)
        return [self.real(file) for file in input_files(uri)]
