#!/usr/bin/env python3
"""Measures what README.md in this folder describes, and prints a table.

    bench.py --programs .build/release [--jobs 100000] [--repeat 15] [--json FILE]

Nothing is asserted: figures and their ratio to the goal, for people to judge. Linux only, since it
reads /proc. Standard library only.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import dispatching  # noqa: E402
from house import (  # noqa: E402
    REPOSITORY, Figure, House, private_megabytes, processes_below, processor_seconds, wait_until)


def measure_queue_status(programs, folder, jobs, repeat):
    state = os.path.join(folder, "queue")
    os.makedirs(state)
    database = os.path.join(state, "skep.sqlite")
    subprocess.run(
        [os.path.join(programs, "queue-bench"), "fill", database, str(jobs)], check=True,
        stdout=subprocess.DEVNULL)
    house = House(programs, folder)
    house.run("queue", "status", "--state", state)
    values = []
    for _ in range(repeat):
        before = time.perf_counter()
        house.run("queue", "status", "--state", state)
        values.append((time.perf_counter() - before) * 1000)
    return Figure(f"skep queue status, {jobs:,} jobs", "ms", 60, values)


def measure_daemon(programs, folder, repeat, idle_seconds):
    house = House(programs, folder)
    figures = []
    try:
        house.furnish()
        daemon = house.start("serve", *house.root)
        from_command, from_return = [], []
        # The first one fetches the repository and makes the workspace; the others find it warm.
        for number in range(repeat + 1):
            count = house.stamp_count()
            before = time.time_ns()
            house.run("dispatch", f"{REPOSITORY}#1", "--to", "stamp")
            returned = time.time_ns()
            wait_until("the agent runs", lambda: house.stamp_count() > count)
            with open(house.stamps) as file:
                stamp = int(file.read().split()[-1])
            wait_until("the run is closed", lambda: not house.open_runs())
            if number > 0:
                from_command.append((stamp - before) / 1e6)
                from_return.append((stamp - returned) / 1e6)
        figures.append(Figure(
            "dispatch typed to agent running, warm", "ms", 150, from_command))
        figures.append(Figure(
            "dispatch returned to agent running", "ms", None, from_return))

        time.sleep(3)
        used, began = processor_seconds(daemon.pid), time.monotonic()
        time.sleep(idle_seconds)
        share = (processor_seconds(daemon.pid) - used) / (time.monotonic() - began) * 100
        figures.append(Figure("idle daemon, share of a core", "%", 1, [share]))
        figures.append(Figure(
            "idle daemon, private memory", "MB", 50, [private_megabytes(daemon.pid)]))

        house.run("dispatch", f"{REPOSITORY}#1", "--to", "waiter")
        wait_until("a host runs", lambda: processes_below(house.folder, "skep-host"))
        time.sleep(2)
        figures.append(Figure(
            "skep-host, private memory", "MB", 12,
            [private_megabytes(pid) for pid in processes_below(house.folder, "skep-host")]))
        run = house.open_runs()[0]["id"]
        house.run("run", "cancel", str(run))
        wait_until("the run is closed", lambda: not house.open_runs())
    finally:
        house.stop()
    return figures


def show(figures):
    rows = [["WHAT", "MEDIAN", "LEAST", "MOST", "N", "GOAL", "RATIO"]]
    rows += [figure.row() for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", default=".build/release", help="folder of skep, skep-host")
    parser.add_argument("--jobs", type=int, default=100_000)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--idle", type=float, default=20.0, help="seconds to watch an idle daemon")
    parser.add_argument("--json", help="write the figures there, too")
    options = parser.parse_args()
    if not os.path.isdir("/proc/self"):
        sys.exit("bench: there is no /proc here; this measures on Linux only")
    programs = os.path.abspath(options.programs)
    folder = tempfile.mkdtemp(prefix="skep-bench-")
    try:
        figures = [measure_queue_status(programs, folder, options.jobs, options.repeat)]
        figures += measure_daemon(programs, folder, options.repeat, options.idle)
        figures += dispatching.measure(programs, folder, options.idle)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f}, {os.uname().sysname} {os.uname().release}")
    show(figures)
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"load": load, "cores": os.cpu_count(),
                       "figures": [figure.document() for figure in figures]}, file, indent=2)


if __name__ == "__main__":
    main()
