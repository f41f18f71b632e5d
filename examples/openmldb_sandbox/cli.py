"""The command line: options, the life of the process, and the line that says it is ready."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from zoneinfo import ZoneInfo

from . import __version__

BANNER = (
    f"openmldb_sandbox {__version__}: a development stand-in that answers OpenMLDB's REST calls with DuckDB.\n"
    "It is not OpenMLDB: no cluster, no replicas, no user rights. Do not keep data in it that matters."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openmldb_sandbox", description=BANNER)
    parser.add_argument("--port", type=_port, default=9080, help="port on 127.0.0.1; 0 picks a free one (default 9080)")
    parser.add_argument("--dir", type=Path, help="directory that keeps the state; temporary when not given")
    parser.add_argument("--timezone", type=_zone, help="zone in which text timestamps are read (default: the host's)")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input reaches its end")
    parser.add_argument("--slow-job-ms", type=_count, default=0, help="for tests: delay inside every job")
    parser.add_argument(
        "--fail-after-finish", action="store_true", help="for tests: jobs turn FAILED shortly after FINISHED"
    )
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 3_600_000:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 3600000")
    return count


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"unknown time zone {text}") from None
    return text


def main(argv: list[str] | None = None) -> int:
    """Serves until told to end; returns the exit code."""
    options = _parser().parse_args(argv)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    directory = options.dir or Path(tempfile.mkdtemp(prefix="openmldb-sandbox-"))
    try:
        return _serve(options, directory, ending)
    finally:
        if options.dir is None:
            shutil.rmtree(directory, ignore_errors=True)


def _serve(options: argparse.Namespace, directory: Path, ending: threading.Event) -> int:
    # imported here so that --help and bad options answer without loading DuckDB
    import duckdb

    from .api import Api
    from .engine import Engine
    from .server import Server
    from .zone import Zone

    try:
        directory.mkdir(parents=True, exist_ok=True)
        engine = Engine(directory, Zone(options.timezone), options.slow_job_ms, options.fail_after_finish)
    except (duckdb.Error, OSError) as error:
        print(f"cannot use directory {directory}: {error}", file=sys.stderr)
        return 1
    try:
        server = Server(options.port, Api(engine))
    except OSError as error:
        print(f"cannot listen on port {options.port}: {error.strerror}", file=sys.stderr)
        engine.close()
        return 1
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    if options.exit_with_stdin:
        threading.Thread(target=_watch_stdin, args=(ending,), daemon=True).start()
    print(f"{BANNER}\nREADY {server.url}", flush=True)
    ending.wait()
    server.shutdown()
    server.server_close()
    engine.close()
    return 0


def _watch_stdin(ending: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    ending.set()
