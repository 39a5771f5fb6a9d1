#!/usr/bin/env python3
"""Measures agents' sessions, and prints a table; see README.md in this folder.

    sessions.py --programs .build/release [--sessions 200] [--megabytes 500] [--json FILE]

Nothing is asserted: figures and their ratio to the goal, for people to judge. Linux only, since it
reads /proc. Standard library only.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from bench import show  # noqa: E402
from house import Figure, private_megabytes, processes_below, processor_seconds  # noqa: E402


class Trial:
    """One run of agent-bench: its answer, and what it and the hosts of its sessions used."""

    def __init__(self, programs, folder, verb, number):
        place = tempfile.mkdtemp(dir=folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            [os.path.join(programs, "agent-bench"), verb, place,
             os.path.abspath(os.path.join(programs, "skep-host")), str(number)],
            stdout=subprocess.PIPE)
        # By process: the most memory that was seen, and the processor time when it was seen last.
        self.host_megabytes, self.host_seconds = {}, {}
        while process.poll() is None:
            self.look(place)
            time.sleep(0.5)
        self.answer = json.loads(process.stdout.read())
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.worker_seconds = (
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        shutil.rmtree(place)
        if process.returncode:
            sys.exit(f"bench: agent-bench {verb} ended with {process.returncode}")

    def look(self, place):
        for host in processes_below(place, "skep-host"):
            try:
                used, seconds = private_megabytes(host), processor_seconds(host)
            except (OSError, StopIteration):
                continue  # It has just ended.
            self.host_megabytes[host] = max(used, self.host_megabytes.get(host, 0))
            self.host_seconds[host] = seconds


def start_figures(trial, name):
    bare = statistics.median(trial.answer["bare_ms"])
    # The first one also loads what all share.
    overhead = [hosted - bare for hosted in trial.answer["hosted_ms"][1:]]
    return [Figure(f"overhead of a start over the bare program{name}", "ms", 100, overhead)]


def crowd_figures(trial, sessions):
    answer = trial.answer
    used = trial.worker_seconds + sum(trial.host_seconds.values())
    share = 100 * used / (sessions * answer["seconds"][0])
    name = f"{sessions} sessions at once"
    return [
        Figure(f"{name}: time, for 10 s of work", "s", 0, answer["seconds"]),
        Figure(f"{name}: not ended well", "", 0, [sessions - answer["ended"][0]]),
        Figure(f"{name}: events lost", "", 0, answer["events_lost"]),
        Figure(f"{name}: worker's private memory", "MB", 80, answer["private_mb"]),
        Figure(f"{name}: each one's skep-host, private memory", "MB", 12,
               list(trial.host_megabytes.values())),
        Figure(f"{name}: CPU of worker and hosts, of their time", "%", 1, [share]),
    ]


def stream_figures(small, large, secret, megabytes):
    name = f"{megabytes} MB of events"
    more = large.answer["private_mb"][0] - small.answer["private_mb"][0]
    return [
        Figure(f"{name}: time", "s", 0, large.answer["seconds"]),
        Figure(f"{name}: more memory than for a 50th", "MB", 0, [more]),
        Figure(f"{name}: skep-host, private memory", "MB", 12,
               list(large.host_megabytes.values())),
        Figure(f"{name}, 20 secrets: time", "s", 0, secret.answer["seconds"]),
        Figure(f"{name}, 20 secrets: skep-host, private memory", "MB", 12,
               list(secret.host_megabytes.values())),
        Figure(f"{name}, 20 secrets: CPU of skep-host", "s", 0,
               [sum(secret.host_seconds.values())]),
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--json")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="skep-sessions-")

    def trial(verb, number):
        return Trial(options.programs, folder, verb, number)

    try:
        figures = start_figures(trial("start", 30), "")
        figures += start_figures(trial("shut-in", 30), ", workspace-write")
        figures += crowd_figures(trial("sessions", options.sessions), options.sessions)
        figures += stream_figures(
            trial("ingest", max(1, options.megabytes // 50)), trial("ingest", options.megabytes),
            trial("secrets", options.megabytes), options.megabytes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
          f"{os.uname().sysname} {os.uname().release}")
    show(figures)
    if options.json:
        with open(options.json, "w") as file:
            json.dump([figure.document() for figure in figures], file, indent=2)


if __name__ == "__main__":
    main()
