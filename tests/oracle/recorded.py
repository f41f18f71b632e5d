"""The engine's answers, kept in `recorded/`: one file per world, with its tables, one line per row and per query."""

from __future__ import annotations

import json
from pathlib import Path

from queries import Query, World

FOLDER = Path(__file__).resolve().parent / "recorded"
SEED = 20171106
QUERIES = 460


def write(names: list[str], worlds: list[World], answers: list[list[dict | None]]) -> None:
    """Replaces all files.  A query without an answer is left out."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for name, world, found in zip(names, worlds, answers):
        queries = ",\n".join(
            _line({**_without_defaults(query), "answer": _shortened(answer)})
            for query, answer in zip(world.queries, found) if answer is not None)
        text = f'{{"seed": {world.seed}, "tables": [\n{tables_text(world)}\n], "queries": [\n{queries}\n]}}\n'
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")


def tables_text(world: World) -> str:
    """The tables as JSON, a line per row."""
    return ",\n".join(_table(table) for table in world.tables)


def read() -> dict[str, tuple[World, list[dict]]]:
    """The worlds and their answers, by the name of their file."""
    found = {}
    for file in sorted(FOLDER.glob("*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        answers = [query.pop("answer") for query in content["queries"]]
        world = World(content["seed"], content["tables"], [Query(**{"sql": "", **query}) for query in content["queries"]])
        found[file.stem] = (world, answers)
    return found


def _table(table: dict) -> str:
    rows = ",\n".join(_line(row) for row in table["rows"])
    return f'{{"table": {_line(table["table"])}, "columns": {_line(table["columns"])}, "rows": [\n{rows}\n]}}'


def _without_defaults(query: Query) -> dict:
    return {name: value for name, value in vars(query).items() if value}


def _shortened(answer: dict) -> dict:
    """Of an error, the first line: the rest names places in the engine's sources."""
    if "refused" not in answer:
        return answer
    reason = answer["refused"].splitlines()[0].split("Exception: ", 1)[-1]
    return {"refused": reason.removeprefix("SQL parse error: ")}


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
