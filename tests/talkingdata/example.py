"""Where the example is, and how the tests run its pieces the way a worker would."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Mapping

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "talkingdata"
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
DEADLINE_S = 30

HAS_MODEL_LIBRARIES = all(importlib.util.find_spec(name) for name in ("numpy", "pandas", "xgboost"))
NEEDS_MODEL_LIBRARIES = "needs numpy, pandas and xgboost, see examples/requirements.txt"


def load_module(name: str) -> ModuleType:
    """Import a script of the example, which is not a package."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def expand(text: str, params: Mapping[str, str]) -> str:
    """Placeholders as a worker replaces them: unknown ones stay."""
    return PLACEHOLDER.sub(lambda match: params.get(match[1], match[0]), text)


def run_script(source: str, params: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a PYTHON task's script as it is inside the workflow."""
    return subprocess.run([sys.executable, "-c", expand(source, params)], capture_output=True, text=True,
                          timeout=DEADLINE_S, check=False)


def out_params(output: str) -> dict[str, str]:
    """What the script reports to the tasks after it."""
    return dict(re.findall(r"^\$\{setValue\((\w+)=(.*)\)\}$", output, re.MULTILINE))
