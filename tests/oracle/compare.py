"""When two answers are the same: types equal, rows equal as multisets, floating numbers within a tolerance."""

from __future__ import annotations

import math
from typing import Any

from queries import Query

# Sums are added up in another order, and the mathematical functions are another library's.
TOLERANCE = {"Double": 1e-9, "Float": 1e-5}

SPARK_TYPES = {
    "boolean": "Bool", "smallint": "Int16", "int": "Int32", "bigint": "Int64", "float": "Float", "double": "Double",
    "string": "String", "date": "Date", "timestamp": "Timestamp",
}


def from_engine(answer: dict) -> dict:
    """The engine's answer in the form that is compared and kept: {"names", "types", "rows"} or {"refused": reason}."""
    if "error" in answer:
        return {"refused": answer["error"]}
    if "types" not in answer:
        return answer
    return {**answer, "types": [SPARK_TYPES.get(type_, type_) for type_ in answer["types"]]}


def difference(query: Query, want: dict, got: dict) -> str:
    """How `got`, of the sandbox, differs from `want`, of the engine; an empty text when it does not."""
    if query.refuses:
        return "" if "refused" in got else "answered by the sandbox, which is to refuse it"
    if "refused" in want or "refused" in got:
        if "refused" in want and "refused" in got:
            return ""
        return f"refused by the {'engine' if 'refused' in want else 'sandbox'} only"
    if "files" in want:
        wrong = [part for part in want["files"] if want["files"][part] != got["files"].get(part)]
        return f"another {', '.join(wrong)} in the files" if wrong else ""
    for part in ("names", "types"):
        if want[part] != got[part]:
            return f"{part} {want[part]} and {got[part]}"
    if len(want["rows"]) != len(got["rows"]):
        return f"{len(want['rows'])} rows and {len(got['rows'])}"
    types = want["types"]
    if any(not _same_row([w[c] for c in query.ordered], [g[c] for c in query.ordered], [types[c] for c in query.ordered])
           for w, g in zip(want["rows"], got["rows"])):
        return "another order"
    pairs = zip(sorted(want["rows"], key=_sort_key), sorted(got["rows"], key=_sort_key))
    wrong = [f"  {w}\n  {g}" for w, g in pairs if not _same_row(w, g, types)]
    return f"{len(wrong)} of {len(want['rows'])} rows (engine, then sandbox):\n" + "\n".join(wrong) if wrong else ""


def _sort_key(row: list[Any]) -> tuple[list[str], list[str]]:
    """Exact values first, then floating ones rounded, so that equal rows meet in spite of the tolerance."""
    exact = [str(value) for value in row if not isinstance(value, float)]
    return exact, [f"{value:.6g}" for value in row if isinstance(value, float)]


def _same_row(want: list[Any], got: list[Any], types: list[str]) -> bool:
    return all(_same(w, g, t) for w, g, t in zip(want, got, types))


def _same(want: Any, got: Any, type_: str) -> bool:
    if want is None or got is None or type_ not in TOLERANCE:
        return want == got and type(want) is type(got)
    if math.isnan(want) or math.isnan(got):
        return math.isnan(want) and math.isnan(got)
    return want == got or math.isclose(want, got, rel_tol=TOLERANCE[type_], abs_tol=1e-300)
