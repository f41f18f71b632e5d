#!/usr/bin/env python3
"""assemble.py FOLDER: fetches the control plane's jars and writes its class paths, which `run.py` would else do first.
A second run finds them there. `./run test` does it while the compilers work.
"""

import sys

from assembly import Assembly, missing

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: assemble.py FOLDER")
    if missing():
        sys.exit(missing())
    Assembly(sys.argv[1], print).prepare()
