"""What is compared of files: those that SELECT INTO wrote, and those that LOAD DATA is to read.

A query with `{out}` in it writes below that folder; `earlier` is a statement that wrote there before. A query with `load` is of another kind: the
text of a CSV file, which both sides read into columns of `columns` with the options of `sql`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

OUT = "{out}"

# the engine's names of options -> Spark's
_SPARK = {"delimiter": "sep", "quote": "quote", "null_value": "nullValue", "header": "header"}


def written(folder: Path, sql: str) -> dict:
    """The files of a folder as an answer: parts joined, a header once, lines in an order of their own."""
    parts = sorted(part for part in folder.glob("part-*"))
    endings = sorted({part.name.split("-c000", 1)[-1] for part in parts})
    if not (folder / "_SUCCESS").exists() or not parts:
        return {"refused": f"no output in {sorted(child.name for child in folder.glob('*'))}"}
    if "parquet" in endings[0]:
        return _parquet(parts, endings)
    texts = [part.read_bytes().decode() for part in parts]
    lines = [re.findall(r"[^\n]*\n|[^\n]+", text) for text in texts]
    headers: list[str] = []
    if "header=false" not in sql:
        headers = sorted({each[0] for each in lines})
        lines = [each[1:] for each in lines]
    return {"files": {"endings": endings, "headers": headers, "lines": sorted(line for each in lines for line in each)}}


def _parquet(parts: list[Path], endings: list[str]) -> dict:
    import duckdb

    relation = duckdb.sql(f"SELECT * FROM read_parquet({[str(part) for part in parts]})")
    rows = sorted(json.dumps([str(cell) if cell is not None else None for cell in row], ensure_ascii=False)
                  for row in relation.fetchall())
    types = [str(type_).replace("TIMESTAMP_NS", "TIMESTAMP") for type_ in relation.types]
    return {"files": {"endings": endings, "names": relation.columns, "types": types, "lines": rows}}


def spark_options(options: dict[str, Any]) -> dict[str, str]:
    """The OPTIONS of a LOAD DATA as the engine gives them to Spark's reader."""
    given = {"header": True, "null_value": "null", **options}
    return {_SPARK[name]: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
