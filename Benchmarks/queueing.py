#!/usr/bin/env python3
"""Measures the queue beside Huey, turn and turn about, and prints a table.

    queueing.py [--programs .build/release] [--quick] [--only ROWS] [--json FILE]

README.md in this folder says how each row is measured. Nothing is asserted: figures and their ratio
beside the goal, for people to judge. Linux only, since it reads /proc. Standard library only.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import queue_rows  # noqa: E402
from peers import HERE, Huey, Skep  # noqa: E402

COLUMNS = ["WHAT", "SKEP", "HUEY", "RATIO", "LEAST", "MOST", "N", "GOAL", "BESIDE"]


def number(value):
    """At most three figures that matter, and no letters."""
    if value is None:
        return ""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cells(row):
    ratios = row.ratios
    return [
        row.name, f"{number(row.skep)} {row.unit}",
        f"{number(row.huey)} {row.unit}" if row.huey is not None else "",
        *([number(value) for value in (statistics.median(ratios), min(ratios), max(ratios))]
          if ratios else ["", "", ""]),
        str(row.count), row.goal, row.note]


def show(rows):
    table = [COLUMNS, *(cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(COLUMNS))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def document(row):
    return {"name": row.name, "unit": row.unit, "skep": row.skep, "huey": row.huey,
            "ratios": row.ratios, "n": row.count, "goal": row.goal, "note": row.note}


def conclude(rows, syncs, seconds, path):
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, {os.uname().sysname} {os.uname().release}; "
          f"fdatasync {number(statistics.median(syncs))} /s "
          f"({number(min(syncs))} to {number(max(syncs))}, n = {len(syncs)}); {seconds:.0f} s")
    show(rows)
    if path:
        with open(path, "w") as file:
            json.dump({"load": load, "cores": os.cpu_count(), "fdatasync": syncs,
                       "rows": [document(row) for row in rows]}, file, indent=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", default=".build/release", help="folder of queue-bench")
    parser.add_argument("--huey", default=os.path.join(HERE, "../.build-huey/bin/python3"),
                        help="Python with Huey; see Scripts/setup-huey")
    parser.add_argument("--folder", help="whose disk to measure on; a temporary one by default")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="everything short and small")
    parser.add_argument("--only", help=f"some of: {','.join(queue_rows.ROWS)}")
    parser.add_argument("--json", help="write the figures there, too")
    options = parser.parse_args()
    if not os.path.isdir("/proc/self"):
        sys.exit("bench: there is no /proc here; this measures on Linux only")
    chosen = options.only.split(",") if options.only else list(queue_rows.ROWS)
    for name in chosen:
        if name not in queue_rows.ROWS:
            parser.error(f"there are no rows {name!r}; there are {', '.join(queue_rows.ROWS)}")

    # Ends as it would by itself, with all that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    folder = tempfile.mkdtemp(prefix="skep-bench-", dir=options.folder)
    bench = queue_rows.Bench(
        skep=Skep(os.path.abspath(options.programs), folder),
        huey=Huey(os.path.abspath(options.huey), folder), folder=folder,
        rounds=min(options.rounds, 2) if options.quick else options.rounds,
        kills=min(options.kills, 10) if options.quick else options.kills, quick=options.quick)
    began, rows = time.monotonic(), []
    try:
        bench.sync()
        for name in chosen:
            print(f"{time.monotonic() - began:5.0f} s  {name}", file=sys.stderr, flush=True)
            rows += queue_rows.ROWS[name](bench)
    finally:
        bench.skep.end()
        bench.huey.end()
        shutil.rmtree(folder, ignore_errors=True)
        # What was measured until it was interrupted, too.
        if rows:
            conclude(rows, bench.syncs, time.monotonic() - began, options.json)


if __name__ == "__main__":
    main()
