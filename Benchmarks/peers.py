"""The two sides of the queue's benchmark, Skep's and Huey's, with the same methods; and the disk.

Each measurement gets a database of its own in the same folder. Linux only, standard library only.
"""
import json
import os
import signal
import subprocess
import sys
import time

import bare
from house import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))


def syncs_per_second(folder, seconds=0.3):
    """What the disk allows: 4 KiB and fdatasync, over and over.

    Written as a write-ahead log is: on and on, and from the start again after 1,000 pages.
    """
    path = os.path.join(folder, "sync")
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    block, count, begin = b"*" * 4096, 0, time.monotonic()
    while time.monotonic() - begin < seconds:
        os.pwrite(descriptor, block, count % 1000 * 4096)
        os.fdatasync(descriptor)
        count += 1
    rate = count / (time.monotonic() - begin)
    os.close(descriptor)
    os.unlink(path)
    return rate


class Side:
    """One of the two, with the processes it started."""

    def __init__(self, folder):
        self.folder, self.started, self.made = folder, [], 0

    def place(self):
        """A new database's path."""
        self.made += 1
        return os.path.join(self.folder, f"{self.name}{self.made}.sqlite")

    def start(self, command, environment=None, **more):
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **(environment or {})},
                stdin=more.pop("stdin", subprocess.DEVNULL), stderr=log, text=True,
                stdout=more.pop("stdout", log), start_new_session=True, **more)
        self.started.append(process)
        return process

    def talk(self, command, environment=None):
        """Starts one that reads lines and answers, and waits until it is ready."""
        process = self.start(
            command, environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
        if process.stdout.readline() != "ready\n":
            self.fail(command)
        return process

    def run(self, command, environment=None):
        """Runs one to its end, and returns what it measured."""
        process = self.start(command, environment, stdout=subprocess.PIPE)
        output, _ = process.communicate(timeout=600)
        self.started.remove(process)
        if process.returncode != 0 or not output:
            self.fail(command)
        return [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    def fail(self, command):
        with open(self.log, errors="replace") as log:
            sys.exit(f"bench: {' '.join(command)} failed:\n{log.read()[-4000:]}")

    @property
    def log(self):
        return os.path.join(self.folder, f"{self.name}.log")

    def end(self, *processes):
        """Kills processes, or all, with the children they have."""
        for process in processes or list(self.started):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()
            self.started.remove(process)


class Skep(Side):
    name = "skep"

    def __init__(self, programs, folder):
        super().__init__(folder)
        self.program = os.path.join(programs, "queue-bench")

    def command(self, *words):
        return [self.program, *map(str, words)]

    def enqueues(self, seconds, callers=64):
        done, = self.run(self.command("enqueue", self.place(), callers, seconds))
        return done["count"] / done["seconds"]

    def through(self, seconds, slots, callers):
        done, = self.run(self.command("through", self.place(), callers, slots, seconds))
        if done["count"] != done["enqueued"]:
            sys.exit(f"bench: {done['enqueued']} jobs were enqueued, {done['count']} succeeded")
        return done["count"] / done["seconds"]

    def bare(self, seconds, jobs_per_commit, until_done):
        """What SQLite allows with the same tables, without the queue."""
        database = self.place()
        self.start(self.command("fill", database, 0)).wait()
        return bare.jobs_per_second(database, jobs_per_commit, seconds, until_done)

    def worker(self, database, journal, slots=1, task_seconds=0.0):
        return self.start(self.command(
            "work", database, slots, journal, int(task_seconds * 1000)))

    def ring(self, databases):
        return self.talk(self.command("ring", *databases))

    def producer(self, database, journal, pause):
        return self.start(self.command("produce", database, journal, int(pause * 1000)))


class Huey(Side):
    name = "huey"

    def __init__(self, python, folder):
        super().__init__(folder)
        self.python = python

    def command(self, *words):
        return [self.python, "-c", "import huey_peer; huey_peer.main()", *map(str, words)]

    def environment(self, database, journal="", fsync=True, task_seconds=0.0):
        return {"PYTHONPATH": HERE, "PYTHONDONTWRITEBYTECODE": "1", "BENCH_FILE": database,
                "BENCH_JOURNAL": journal, "BENCH_FSYNC": str(int(fsync)),
                "BENCH_TASK_SECONDS": str(task_seconds)}

    def consumer(self, environment, *options):
        """Its own consumer, without logs, as ours is."""
        consumer = os.path.join(os.path.dirname(self.python), "huey_consumer")
        return self.start([consumer, "huey_peer.huey", "-q", *options], environment)

    def enqueues(self, seconds, processes=1, fsync=True):
        environment = self.environment(self.place(), fsync=fsync)
        started = [self.start(self.command("enqueue", seconds), environment,
                              stdout=subprocess.PIPE) for _ in range(processes)]
        rate = 0.0
        for process in started:
            done = json.loads(process.communicate()[0])
            rate += done["count"] / done["seconds"]
            self.started.remove(process)
        return rate

    def through(self, seconds, workers, fsync=True):
        database = self.place()
        journal = database + ".journal"
        environment = self.environment(database, journal, fsync)
        consumer = self.consumer(environment, "-w", str(workers))
        # It has made its tables when it listens; and a second later it is warm.
        wait_until("Huey's consumer is there", lambda: os.path.exists(database + "-wal"))
        time.sleep(0.5)
        done, = self.run(self.command("through", seconds), environment)
        wait_until("Huey's consumer is done", lambda: lines(journal), 300)
        self.end(consumer)
        return done["count"] / ((int(lines(journal)[0]) - done["began"]) / 1e9)

    def worker(self, database, journal, slots=1, task_seconds=0.0):
        return self.consumer(
            self.environment(database, journal, task_seconds=task_seconds), "-w", str(slots))

    def ring(self, databases):
        return self.talk(self.command("ring", *databases), self.environment(databases[0]))

    def producer(self, database, journal, pause):
        return self.start(
            self.command("produce", journal, pause), self.environment(database))


def lines(path):
    try:
        with open(path) as file:
            # The last one may be half written.
            return file.read().split("\n")[:-1]
    except FileNotFoundError:
        return []


def jain(counts):
    """Jain's index of fairness: 1 when all got the same."""
    squares = sum(count * count for count in counts)
    return sum(counts) ** 2 / (len(counts) * squares) if squares else 0.0
