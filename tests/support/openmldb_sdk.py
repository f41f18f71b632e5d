"""Where `./run` puts OpenMLDB's Python SDKs, an environment for each. OPENMLDB_SDKS names another folder."""

import os
import unittest
from pathlib import Path

SDKS = Path(os.environ.get("OPENMLDB_SDKS") or Path(__file__).resolve().parents[2] / "build")


def newest_sdk():
    """The folder that PYTHONPATH needs for another Python to have the SDK."""
    name = "openmldb-sdk-0.9.2/lib/python3*/site-packages"
    if not (found := next(SDKS.glob(name), None)):
        raise unittest.SkipTest(f"no {SDKS}/{name}: ./run test makes it, OPENMLDB_SDKS names another place")
    return found
