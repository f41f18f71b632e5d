"""What the figures of a run say: the table, the targets, and the page RESULTS.md."""

import os
import platform
import re
import statistics
import subprocess
import time
from pathlib import Path

MIB = 1024


# --- the machine -----------------------------------------------------------------------------------------------------

def machine(folder):
    cpu = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())[1]) / MIB / MIB
    release = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    return {"cpu": cpu[1].strip() if cpu else platform.machine(), "cores": os.cpu_count(), "memory_gib": round(memory),
            "system": f"{release[1] if release else '?'}, Linux {platform.release()}",
            "java": first_line("java", "-version"), "bash": first_line("bash", "--version"),
            "file_system": first_line("stat", "-f", "-c", "%T", str(folder)), "sync_ms": sync_ms(folder),
            "load": os.getloadavg()[0], "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())}


def first_line(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout.splitlines()[0].strip() if done.stdout else "?"


def sync_ms(folder):
    """What it costs here to make one small new file durable, as the end of each task is."""
    times = []
    for _ in range(20):
        began = time.perf_counter()
        with open(folder / "sync", "wb") as file:
            file.write(b"x" * 500)
            file.flush()
            os.fsync(file.fileno())
        times.append(1000 * (time.perf_counter() - began))
        os.unlink(folder / "sync")
    return statistics.median(times)


# --- rows ------------------------------------------------------------------------------------------------------------

def pick(rounds, path):
    """The value at "many.dispatch_to_result_ms.p50" in each round."""
    values = []
    for figures in rounds:
        for key in path.split("."):
            figures = figures[key]
        values.append(figures)
    return values


def text(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def spread(values):
    median = text(statistics.median(values))
    return median if len(values) < 2 else f"{median} ({text(min(values))} … {text(max(values))})"


# What, where, and how many times better than the Java worker it is to be; below 1: the value itself is to be smaller.
ROWS = [
    ("tasks per second, 100 at once", "many.tasks_per_second", 5),
    ("dispatch → result, one at a time, p50, ms", "one.dispatch_to_result_ms.p50", 1 / 4),
    ("dispatch → result, one at a time, p99, ms", "one.dispatch_to_result_ms.p99", None),
    ("dispatch → running, one at a time, p50, ms", "one.dispatch_to_running_ms.p50", None),
    ("dispatch → result, 100 at once, p50, ms", "many.dispatch_to_result_ms.p50", None),
    ("dispatch → result, 100 at once, p99, ms", "many.dispatch_to_result_ms.p99", 1 / 5),
    ("tasks that failed, of {many} at once", "many.failed", None),
    ("CPU per task, 100 at once, ms", "many.cpu_ms_per_task", None),
    ("start until the node is in ZooKeeper, s", "start", 1 / 50),
    ("resident memory, idle, MiB", "idle.memory", 1 / 30),
    ("resident memory after the load, idle again, MiB", "after.memory", None),
    ("threads, idle", "idle.threads", None),
]


def rows(figures):
    for title, path, target in ROWS:
        ours = pick(figures["porpoise"], path)
        theirs = pick(figures["java"], path) if "java" in figures else None
        base = statistics.median(theirs) if theirs else 0
        ratio = statistics.median(ours) / base if base else None
        yield title.format(**figures["sizes"]), theirs, ours, ratio, target


def ratio_text(ratio):
    return "0" if ratio == 0 else f"{ratio:.1f} ×" if ratio >= 1 else f"1/{1 / ratio:.0f}" if ratio < 0.1 else f"1/{1 / ratio:.1f}"


def comparison(figures):
    lines = ["| what | Java worker 3.1.4 | porpoise | porpoise : Java | target | |", "|---|---|---|---|---|---|"]
    for title, theirs, ours, ratio, target in rows(figures):
        cells = [title, spread(theirs) if theirs else "–", spread(ours), ratio_text(ratio) if ratio else "–"]
        if target:
            sign = "≥" if target > 1 else "≤"
            met = ratio is not None and (ratio >= target if target > 1 else ratio <= target)
            cells += [f"{sign} {ratio_text(target)}", ("met" if met else "missed") if ratio else "–"]
        else:
            cells += ["", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def absolutes(figures):
    """Promises that need no Java worker."""
    endurance = figures["endurance"]
    before, after, last = endurance["before"], endurance["after"], endurance["last"]
    memory = statistics.median(pick(figures["porpoise"], "idle.memory"))
    checks = [("resident memory, idle, MiB", text(memory), "≤ 16", memory <= 16),
              ("threads", str(last["threads"]), "≤ 8", last["threads"] <= 8)]
    when = f"before, after {figures['sizes']['flat']} tasks, and after {figures['sizes']['long']} more"
    for key, name in (("threads", "threads"), ("files", "open files")):
        values = [before[key], after[key], last[key]]
        checks.append((f"{name} {when}", ", ".join(map(str, values)), "the same", len(set(values)) == 1))
    # Its memory of the last 4096 results, which answers a dispatch that is repeated, fills meanwhile.
    memory = [look["memory"] for look in (before, after, last)]
    checks.append((f"memory {when}, MiB", ", ".join(map(text, memory)), "within 4 MiB", max(memory) - memory[0] <= 4))
    long = endurance["long"]
    bad = [long["failed"], long["rejected"], long["unfinished"]]
    checks.append((f"{long['tasks']} tasks, 100 at once: failed, rejected, without an end", ", ".join(map(str, bad)),
                   "0, 0, 0", not any(bad)))
    lines = ["| what | porpoise | target | |", "|---|---|---|---|"]
    lines += [f"| {what} | {value} | {target} | {'met' if met else 'missed'} |" for what, value, target, met in checks]
    return "\n".join(lines)


def limits(figures):
    """What is left between porpoise and bash alone."""
    lines = ["| what | bash alone | porpoise | porpoise : bash |", "|---|---|---|---|"]
    for title, path in (("tasks per second, 100 at once", "many.tasks_per_second"),
                        ("one at a time, p50, ms", "one.dispatch_to_result_ms.p50")):
        bare, ours = pick(figures["bare"], path), pick(figures["porpoise"], path)
        ratio = statistics.median(ours) / statistics.median(bare)
        lines.append(f"| {title} | {spread(bare)} | {spread(ours)} | {ratio:.2f} |")
    return "\n".join(lines)


def summary(figures):
    return "\n\n".join([comparison(figures), absolutes(figures), limits(figures)])


# --- the page --------------------------------------------------------------------------------------------------------

PAGE = """# Results

Written by `./run bench`; see `run.py` for what is measured. Median of {rounds} rounds (smallest … largest), in which the
workers took turns.

{comparison}

{absolutes}

The same script file, started by `posix_spawn` without any worker, as many at once, is what this machine can do:

{limits}

## Machine and versions

- {cpu}, {cores} cores, {memory_gib} GiB; {system}
- file system {file_system}: {sync_ms:.2f} ms to make one small file durable, which the end of each task waits for
- {java}; the Java worker with the heap of its own start.sh (4 GiB, 2 GiB of it young) and the collector and compilers that the JVM chooses, and 300 tasks to warm up
- {bash}; the tasks run `true`, after `/etc/profile`, which both workers source when no environment is chosen
- {time}; other load when it began: {load:.1f}{busy}
"""
BUSY = " – **the machine was busy, so these figures are preliminary**"


def page(figures):
    facts = figures["machine"]
    return PAGE.format(rounds=len(figures["porpoise"]), comparison=comparison(figures), absolutes=absolutes(figures),
                       limits=limits(figures), busy=BUSY if facts["load"] > 0.7 else "", **facts)
