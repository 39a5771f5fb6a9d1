"""Huey's side of the queue's benchmark: the tasks its own consumer runs, and what enqueues them.

    huey_consumer huey_peer.huey
    python3 -c 'import huey_peer; huey_peer.main()' enqueue SECONDS | through SECONDS |
        ring FILE… | produce JOURNAL PAUSE | share SECONDS

(Not run as a script, since the name of a task's module is part of the task's.)

SqliteHuey at its defaults (WAL, and SQLite's synchronous FULL), on the file that BENCH_FILE names;
BENCH_FSYNC=0 is its fsync=False. Each command prints what queue-bench's command of that name does.
"""
import itertools
import json
import os
import sys
import threading
import time

from huey import SqliteHuey

PAYLOAD = b"*" * 200


def open_huey(path):
    options = {"fsync": False} if os.environ.get("BENCH_FSYNC") == "0" else {}
    return SqliteHuey("bench", filename=path, **options)


huey = open_huey(os.environ["BENCH_FILE"])


class Tally:
    """Counts tasks, and writes down when as many were done as there are."""

    def __init__(self):
        self.lock, self.count, self.target = threading.Lock(), 0, None

    def add(self, amount=1, target=None):
        with self.lock:
            self.count += amount
            self.target = target or self.target
            if self.count == self.target:
                append(os.environ["BENCH_JOURNAL"], time.monotonic_ns())


tally = Tally()


@huey.task()
def nothing(payload):
    tally.add()


@huey.task()
def all_are_enqueued(count):
    tally.add(0, target=count)


@huey.task()
def stamp(number):
    began = time.monotonic_ns()
    time.sleep(float(os.environ.get("BENCH_TASK_SECONDS", "0")))
    append(os.environ["BENCH_JOURNAL"], number, began)


def append(path, *words):
    """One write each, so that no line is torn."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.write(descriptor, (" ".join(map(str, words)) + "\n").encode())
    os.close(descriptor)


def enqueue(seconds):
    begin, count = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        nothing(PAYLOAD)
        count += 1
    print(json.dumps({"count": count, "seconds": time.monotonic() - begin}))


def through(seconds):
    begin, count = time.monotonic_ns(), 0
    while time.monotonic_ns() - begin < seconds * 1e9:
        nothing(PAYLOAD)
        count += 1
    all_are_enqueued(count)
    print(json.dumps({"count": count, "began": begin}))


def ring(paths):
    places = [open_huey(path).storage for path in paths]
    print("ready", flush=True)
    for line in sys.stdin:
        index, number = line.split()
        # The same tasks, put into another file.
        huey.storage = places[int(index)]
        stamp(number)
        print(time.monotonic_ns(), flush=True)


def produce(journal, pause):
    for number in itertools.count(1):
        stamp(number)
        append(journal, number)
        time.sleep(pause)


def share(seconds):
    print("ready", flush=True)
    sys.stdin.readline()
    end, count, longest, errors = time.monotonic() + seconds, 0, 0.0, 0
    while (begin := time.monotonic()) < end:
        try:
            nothing(PAYLOAD)
            count += 1
        except Exception as error:
            errors += 1
            print(error, file=sys.stderr)
        longest = max(longest, time.monotonic() - begin)
    print(json.dumps({"count": count, "longest": longest, "errors": errors}))


def main():
    verb, *words = sys.argv[1:]
    if verb == "enqueue":
        enqueue(float(words[0]))
    elif verb == "through":
        through(float(words[0]))
    elif verb == "ring":
        ring(words)
    elif verb == "produce":
        produce(words[0], float(words[1]))
    elif verb == "share":
        share(float(words[0]))
    else:
        sys.exit(f"huey_peer: there is no {verb}")
