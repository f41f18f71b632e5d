"""The command line: options, the life of the process, and the line that says it is ready."""

from __future__ import annotations

import argparse
import json
import os
import pwd
import re
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from . import __version__

if TYPE_CHECKING:
    from .cluster.servers import Cluster
    from .engine import Engine

BANNER = (
    f"openmldb_sandbox {__version__}: a development stand-in that answers OpenMLDB's calls with DuckDB.\n"
    "It is not OpenMLDB: no replicas, no user rights. Do not keep data in it that matters."
)

# directories as --allow-dir names them, for who does not start the sandbox himself
DIRECTORIES = "OPENMLDB_SANDBOX_DIRS"
EXAMPLE = Path("/tmp/porpoise-talkingdata")  # of examples/talkingdata

PORT = 9080  # OpenMLDB's own APIServer listens there

# exit code where something is missing on this machine, as the command line of the worker has it
MISSING = 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openmldb_sandbox", description=BANNER)
    parser.add_argument("--port", type=_port, default=PORT, help=f"port on 127.0.0.1; 0 picks a free one (default {PORT})")
    parser.add_argument("--dir", type=Path, help="directory that keeps the state; temporary when not given")
    parser.add_argument("--allow-dir", type=_directory, action="append", default=[],
                        help="files may be read and written in it, too; besides: the working directory and /tmp/porpoise-talkingdata")
    parser.add_argument("--allow-user", type=_user, action="append", default=[], help="may use it, too; besides: its own user and root")
    parser.add_argument("--timezone", type=_zone, help="zone in which text timestamps are read (default: the host's)")
    parser.add_argument("--cluster", action="store_true", help="also be a cluster that SDKs find through ZooKeeper")
    parser.add_argument("--zk", type=_address, help="a ZooKeeper that runs (default: start Debian's on --zk-port)")
    parser.add_argument("--zk-port", type=_port, help="of the ZooKeeper to start (default 2181); 0 picks a free one")
    parser.add_argument("--zk-path", type=_root, default="/openmldb", help="root path of the cluster in ZooKeeper")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input reaches its end")
    parser.add_argument("--for-replay", action="store_true", help="say as JSON in the READY line how tasks find this")
    parser.add_argument("--plan", action="store_true", help="start nothing, only print the READY line")
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


def _directory(text: str) -> Path:
    path = Path(text).absolute()
    if path == Path("/"):
        raise argparse.ArgumentTypeError("/ would be every file of this machine")
    return path


def _user(text: str) -> int:
    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        raise argparse.ArgumentTypeError(f"no user {text}") from None


def _places(allowed: list[Path]) -> list[Path]:
    """Where files are: what was named, the working directory, and where the example keeps its own."""
    named = [_directory(text) for text in os.environ.get(DIRECTORIES, "").split(":") if text]
    here = [] if Path.cwd() == Path("/") else [Path.cwd()]
    return [*allowed, *named, *here, EXAMPLE]


def _address(text: str) -> str:
    if not re.fullmatch(r"[^\s:,/]+:\d{1,5}(,[^\s:,/]+:\d{1,5})*", text):
        raise argparse.ArgumentTypeError(f"{text} is not HOST:PORT")
    return text


def _root(text: str) -> str:
    if not re.fullmatch(r"(/[\w.-]*\w)+", text):
        raise argparse.ArgumentTypeError(f"{text} is not a path like /openmldb")
    return text


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
    parser = _parser()
    options = parser.parse_args(argv)
    for name in ("zk", "zk_port"):
        if getattr(options, name) is not None and not options.cluster:
            parser.error(f"--{name.replace('_', '-')} is part of --cluster")
    if options.zk and options.zk_port is not None:
        parser.error("--zk-port is of the ZooKeeper to start: not allowed with --zk")
    if options.plan:
        print(_ready(options, f"http://127.0.0.1:{options.port or PORT}"))
        return 0
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
    from .files import Places
    from .peer import OwnUsers
    from .server import Server
    from .zone import Zone

    with ExitStack() as closing:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            places = Places(_places(options.allow_dir))
            engine = Engine(directory, Zone(options.timezone), options.slow_job_ms, options.fail_after_finish, places=places)
        except (duckdb.Error, OSError, argparse.ArgumentTypeError) as error:
            return _complain(f"cannot use directory {directory}: {error}", 1)
        closing.callback(engine.close)
        try:
            server = Server(options.port, Api(engine), OwnUsers(*options.allow_user))
        except OSError as error:
            return _complain(f"cannot listen on port {options.port}: {error.strerror}", 1)
        closing.callback(server.server_close)
        cluster_line = ""
        if options.cluster:
            cluster = _cluster(options, engine)
            if cluster is None:
                return MISSING
            closing.callback(cluster.close)
            cluster_line = f"CLUSTER zk={cluster.zk} zkPath={cluster.root}\n"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        closing.callback(server.shutdown)
        if options.exit_with_stdin:
            threading.Thread(target=_watch_stdin, args=(ending,), daemon=True).start()
        print(f"{BANNER}\n{cluster_line}{_ready(options, server.url)}", flush=True)
        ending.wait()
    return 0


def _ready(options: argparse.Namespace, url: str) -> str:
    """The line that tells how to reach the sandbox: a URL for people, for replay what its tasks need to use it."""
    if not options.for_replay:
        return f"READY {url}"
    section = {"apiservers": {"*": url}, "sdk": False, "settleMillis": 0}  # its jobs do not change their minds
    return "READY " + json.dumps({"config": section, "globals": {"apiserver": url.split("//")[1]}})


def _cluster(options: argparse.Namespace, engine: Engine) -> Cluster | None:
    """The cluster, or None after the complaint that there can be none here."""
    try:
        from .cluster.servers import Cluster
        from .cluster.zookeeper import ZooKeeperError
        from .peer import OwnUsers
    except ImportError as error:
        _complain(f"--cluster needs kazoo ({error}); install it with: {sys.executable} -m pip install kazoo", MISSING)
        return None
    try:
        return Cluster(engine, options.zk or "", 2181 if options.zk_port is None else options.zk_port, options.zk_path,
                       OwnUsers(*options.allow_user))
    except ZooKeeperError as error:
        _complain(f"--cluster: {error}", MISSING)
        return None


def _complain(what: str, code: int) -> int:
    print(what, file=sys.stderr)
    return code


def _watch_stdin(ending: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    ending.set()
