#!/usr/bin/env python3
"""Generated queries on the real batch engine and on the sandbox, compared: `./run oracle --help`."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path

import compare
import named
import recorded
from engine import Assembly, Engine, EngineDied
from generate import worlds
from queries import Query, World
from sandbox import SandboxSide


def main() -> int:
    options = _options()
    print(f"oracle: seed {options.seed}, {options.queries} queries; "
          f"again: ./run oracle --seed {options.seed} --queries {options.queries}", flush=True)
    started = time.monotonic()
    assembly = Assembly(options.folder)
    assembly.prepare()
    todo = [named.world(), *worlds(options.seed, options.queries)]
    engine, sandbox = Engine(assembly), SandboxSide()
    counts: Counter[str] = Counter()
    try:
        answers = [_run(world, engine, sandbox, counts) for world in todo]
    finally:
        engine.close()
        sandbox.close()
    if options.record:
        recorded.write(["named", *(f"generated-{number}" for number in range(1, len(todo)))], todo, answers)
    print(f"oracle: {counts['same']} the same ({counts['refused']} of them refused by both), {counts['different']} "
          f"different, {counts['died']} killed the engine; {time.monotonic() - started:.0f} s", flush=True)
    return 1 if counts["different"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run oracle", description=__doc__)
    parser.add_argument("--queries", type=int, default=recorded.QUERIES,
                        help=f"how many are generated (default {recorded.QUERIES})")
    parser.add_argument("--seed", type=int, help="what they are generated from (default: by chance, and printed)")
    parser.add_argument("--record", action="store_true", help="keep the engine's answers for the tests")
    parser.add_argument("--folder", type=Path, default=Path("build/oracle"), help="packages and logs of the engine")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = recorded.SEED if options.record else random.SystemRandom().randrange(1_000_000)
    return options


def _run(world: World, engine: Engine, sandbox: SandboxSide, counts: Counter[str]) -> list[dict | None]:
    """The engine's answers, None where there is none; what differs is told."""
    engine.set_tables(world.tables)
    sandbox.set_tables(world.tables)
    answers: list[dict | None] = []
    is_shown = False
    for query in world.queries:
        try:
            want = compare.from_engine(engine.query(query))
        except EngineDied as death:
            counts["died"] += 1
            answers.append(None)
            print(f"\n[{query.feature}] {query.sql}\n  killed the engine: {death}", flush=True)
            continue
        answers.append(want)
        got = sandbox.query(query)
        problem = compare.difference(query, want, got)
        counts["different" if problem else "same"] += 1
        counts["refused"] += not problem and "refused" in want
        if problem:
            if not is_shown:
                print(f"\nTables of seed {world.seed}:\n{recorded.tables_text(world)}")
                is_shown = True
            print(f"\n[{query.feature}] {_asked(query)}\n  {problem}\n"
                  f"  engine  {_shown(want)}\n  sandbox {_shown(got)}", flush=True)
    return answers


def _asked(query: Query) -> str:
    return f"{query.earlier}; {query.sql}" if query.earlier else query.sql if query.load is None else repr(query.load)


def _shown(answer: dict) -> str:
    text = answer.get("refused") or json.dumps(answer, ensure_ascii=False)
    return text if len(text) < 1500 else text[:1500] + " ..."


if __name__ == "__main__":
    sys.exit(main())
