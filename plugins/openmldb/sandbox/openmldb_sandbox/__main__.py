"""Entry point of `python3 -m openmldb_sandbox` and of `python3 path/to/openmldb_sandbox`."""

import os
import sys
from pathlib import Path

if not __package__:
    # started by path: this folder is first on the path, but its parent has to be
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    __package__ = "openmldb_sandbox"

from openmldb_sandbox.cli import main

if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # everything is closed by now; callers that keep connections open must not delay the end
    os._exit(code)
