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
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = "bench/sample"


class Figure:
    """One line of the table."""

    def __init__(self, name, unit, goal, values):
        self.name, self.unit, self.goal, self.values = name, unit, goal, sorted(values)

    def row(self):
        middle = statistics.median(self.values)
        ratio = f"{middle / self.goal:.2f}" if self.goal else ""
        goal = f"{self.goal:g} {self.unit}" if self.goal else ""
        return [self.name, f"{middle:.1f} {self.unit}", f"{self.values[0]:.1f}",
                f"{self.values[-1]:.1f}", str(len(self.values)), goal, ratio]

    def document(self):
        return {"name": self.name, "unit": self.unit, "goal": self.goal, "values": self.values,
                "median": statistics.median(self.values)}


class House:
    """A tracker, a state folder and a daemon in a temporary folder, with what it started."""

    def __init__(self, programs, folder):
        self.skep = os.path.join(programs, "skep")
        self.folder = folder
        self.state = os.path.join(folder, "state")
        self.forge = os.path.join(folder, "forge")
        self.stamps = os.path.join(folder, "stamps")
        self.started = []
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8", "NO_COLOR": "1"}
        self.root = ["--allow-root"] if os.geteuid() == 0 else []

    def run(self, *arguments, **more):
        done = subprocess.run(
            [self.skep, *arguments], cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, capture_output=True, **more)
        if done.returncode != 0:
            sys.exit(f"bench: skep {' '.join(arguments)} ended with {done.returncode}:\n"
                     f"{done.stdout}{done.stderr}")
        return done.stdout

    def start(self, *arguments):
        log = open(os.path.join(self.folder, f"{arguments[0]}.log"), "wb")
        process = subprocess.Popen(
            [self.skep, *arguments], cwd=self.folder, env=self.environment, stdout=log,
            stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, start_new_session=True)
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.started = []

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)

    def furnish(self):
        """A repository of some size, one issue, two agents and a workflow."""
        source = os.path.join(self.folder, "source")
        os.makedirs(source)
        git = ["git", "-C", source, "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
        subprocess.run([*git, "init", "--quiet", "--initial-branch=main"], check=True)
        for number in range(200):
            self.write(f"source/d{number % 10}/f{number}.txt", f"line\n" * 50)
        subprocess.run([*git, "add", "."], check=True)
        subprocess.run([*git, "commit", "--quiet", "-m", "Two hundred files"], check=True)

        data = ["--data", self.forge]
        token = self.run("forge", "user", "add", "bench", "--admin", *data).split()[-1]
        self.environment["BENCH_TOKEN"] = token
        self.run("forge", "repo", "add", REPOSITORY, "--from", source, *data)
        self.write("body.md", "Nothing has to be done.\n")
        self.run("forge", "issue", "add", REPOSITORY, "--title", "Nothing", "--body-file",
                 os.path.join(self.folder, "body.md"), *data)
        port = free_port()
        self.write("skep.yaml", f"""\
tracker: {{kind: gitea, url: "http://127.0.0.1:{port}", token_env: BENCH_TOKEN}}
repositories: [{REPOSITORY}]
state: {self.state}
agents: {{user: {"root" if self.root else "nobody"}}}
""")
        self.write("agents/stamp.md", f"""\
---
name: stamp
adapter: command
command: [sh, -c, 'date +%s%N >>{self.stamps}']
---
Write down what time it is.
""")
        self.write("agents/waiter.md", """\
---
name: waiter
adapter: command
command: [sleep, "600"]
---
Wait.
""")
        self.write("workflows/bench.md", """\
---
name: bench
agents: {by: [label]}
branch: "{{ agent.name }}/issue-{{ issue.number }}"
steps:
  - {name: work, kind: agent, failures: 1}
  - {name: publish, kind: publish}
---
{{ issue.title }}
""")
        self.run("init")
        self.start("forge", "serve", *data, "--port", str(port))
        wait_until("the tracker listens", lambda: listens(port))

    def stamp_count(self):
        try:
            with open(self.stamps) as file:
                return len(file.read().split())
        except FileNotFoundError:
            return 0

    def open_runs(self):
        return json.loads(self.run("run", "list", "--open", "--json"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what, condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    sys.exit(f"bench: waited {seconds:g} s in vain until {what}")


def private_megabytes(process):
    """What belongs to this process alone: Private_* of smaps_rollup."""
    with open(f"/proc/{process}/smaps_rollup") as file:
        lines = [line.split() for line in file if line.startswith("Private_")]
    return sum(int(words[1]) for words in lines) / 1024


def processor_seconds(process):
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processes_below(folder, program):
    """Processes of a program whose arguments or files lie below a folder."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            executable = os.readlink(f"/proc/{entry}/exe")
            with open(f"/proc/{entry}/cmdline", "rb") as file:
                words = file.read().decode(errors="replace")
            place = os.readlink(f"/proc/{entry}/cwd")
        except OSError:
            continue
        if os.path.basename(executable) == program and (folder in words or folder in place):
            found.append(int(entry))
    return found


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
