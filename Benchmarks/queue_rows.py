"""The rows of the queue's table. README.md in this folder describes each."""
import json
import os
import random
import statistics
import time

from house import dirty_megabytes, private_megabytes, processor_seconds, wait_until
from peers import jain, lines, syncs_per_second


class Bench:
    """The two sides, and how long to measure."""

    def __init__(self, skep, huey, folder, rounds, kills, quick):
        self.skep, self.huey, self.folder = skep, huey, folder
        self.rounds, self.kills, self.quick = rounds, kills, quick
        self.seconds = 1.0 if quick else 3.0
        self.syncs = []

    def sync(self):
        self.syncs.append(syncs_per_second(self.folder))
        return self.syncs[-1]


class Row:
    """One line of the table. Its ratios are always such that more is better for Skep."""

    def __init__(self, name, unit, skep, huey=None, ratios=(), count=1, goal="", note=""):
        self.name, self.unit, self.skep, self.huey = name, unit, skep, huey
        self.ratios, self.count, self.goal, self.note = list(ratios), count, goal, note


def rates(bench, name, goal, jobs_per_commit, skep, huey, until_done=False, also=()):
    """A row of rates: round after round Huey, Skep, bare SQLite, and what else is to be told.

    `jobs_per_commit`: how many jobs one commit can carry at best.
    """
    bound, theirs, ours, others = [], [], [], {label: [] for label, _ in also}
    for _ in range(bench.rounds):
        bench.sync()
        theirs.append(huey())
        bench.sync()
        ours.append(skep())
        bench.sync()
        bound.append(bench.skep.bare(bench.seconds / 2, jobs_per_commit, until_done))
        for label, measure in also:
            others[label].append(measure())
    share = statistics.median(o / b for o, b in zip(ours, bound))
    most = statistics.median(b / t for b, t in zip(bound, theirs))
    notes = [f"bare SQLite {statistics.median(bound):,.0f} ({jobs_per_commit} a commit), "
             f"{most:.3g} × Huey; {share:.0%} reached"]
    notes += [f"{label} {statistics.median(values):,.0f}" for label, values in others.items()]
    return Row(name, "/s", statistics.median(ours), statistics.median(theirs),
               [o / t for o, t in zip(ours, theirs)], bench.rounds, goal, "; ".join(notes))


def enqueue_rows(bench):
    return [rates(
        bench, "durable enqueues, 64 callers", "≥ 20", 64,
        lambda: bench.skep.enqueues(bench.seconds), lambda: bench.huey.enqueues(bench.seconds),
        also=[("Huey in 4 processes", lambda: bench.huey.enqueues(bench.seconds, processes=4)),
              ("Huey without fsync", lambda: bench.huey.enqueues(bench.seconds, fsync=False)),
              ("Skep, 1 caller", lambda: bench.skep.enqueues(bench.seconds, callers=1))])]


def through_rows(bench):
    def row(name, goal, slots, callers, workers):
        return rates(
            bench, name, goal, slots,
            lambda: bench.skep.through(bench.seconds, slots, callers),
            lambda: bench.huey.through(bench.seconds, workers), until_done=True,
            also=[("Huey without fsync",
                   lambda: bench.huey.through(bench.seconds / 2, workers, fsync=False))])
    return [row("enqueue to done, 64 slots; 4 threads", "≥ 8", 64, 64, 4),
            row("enqueue to done, 8 slots; 4 threads", "≥ 2.5", 8, 64, 4),
            row("one enqueue at a time, 1 slot; 1 thread", "≥ 1", 1, 1, 1)]


def latency_rows(bench):
    """Several idle workers of each side at once, since each sample costs its idle time."""
    pairs, idle, samples = (4, 3.0, 3) if bench.quick else (10, 10.0, 5)
    results = {}
    for side in (bench.skep, bench.huey):
        databases = [side.place() for _ in range(pairs)]
        journals = [database + ".journal" for database in databases]
        ring = side.ring(databases)
        for database, journal in zip(databases, journals):
            side.worker(database, journal)
        results[side] = (ring, journals, [])
    watched = bench.skep.place()
    watch_journal = watched + ".journal"
    watch_ring = bench.skep.ring([watched])
    bench.skep.talk(bench.skep.command("watch", watched, watch_journal))
    woken = []

    def collect(side, asked, number):
        _, journals, delays = side
        for index, returned in asked:
            wait_until("the task has begun", lambda: len(lines(journals[index])) > number, 120)
            # The first one warms up.
            if number > 0:
                delays.append((int(lines(journals[index])[number].split()[1]) - returned) / 1e6)

    def ask(ring, index, number):
        ring.stdin.write(f"{index} {number}\n")
        return int(ring.stdout.readline())

    for number in range(samples + 1):
        time.sleep(idle)
        for index in range(pairs):
            time.sleep(random.uniform(0, 0.1))
            mine = [(index, ask(results[bench.skep][0], index, number))]
            collect(results[bench.skep], mine, number)
            seen = len(lines(watch_journal))
            returned = ask(watch_ring, 0, number)
            wait_until("a wake-up", lambda: len(lines(watch_journal)) > seen)
            woken.append((int(lines(watch_journal)[seen]) - returned) / 1e6)
        # All of Huey's at once, since waiting for each would leave the others idle for longer.
        theirs = []
        for index in range(pairs):
            time.sleep(random.uniform(0, 0.1))
            theirs.append((index, ask(results[bench.huey][0], index, number)))
        collect(results[bench.huey], theirs, number)
    bench.skep.end()
    bench.huey.end()

    ours, theirs = (sorted(results[side][2]) for side in (bench.skep, bench.huey))
    woken.sort()
    rows = []
    for name, share, limit in (("p50", 0.5, 2), ("p99", 0.99, 20)):
        mine, other, awake = (at(values, share) for values in (ours, theirs, woken))
        rows.append(Row(
            f"enqueue returned to task begun, {idle:g} s idle, {name}", "ms", mine, other,
            [other / max(mine, 0.001)], len(ours), "≥ 200",
            f"signal alone after {awake:.2f} ms, n = {len(woken)}; quiet machine: < {limit} ms"))
    return rows


def at(values, share):
    return values[min(len(values) - 1, round(share * (len(values) - 1)))]


def claim_rows(bench):
    many, limited, samples = (50_000, 10_000, 100) if bench.quick else (1_000_000, 100_000, 300)
    folder = os.path.join(bench.folder, "claim")
    os.makedirs(folder)
    found = bench.skep.run(bench.skep.command("claim", folder, many, limited, samples))
    names = {"ready": f"{many:,} ready", "scheduled": f"{limited:,} scheduled in front",
             "blocked": f"{limited:,} of a full key in front", "finished": f"{many:,} finished"}
    rows, empty = [], None
    for one in found:
        if one["name"] == "empty":
            empty = one["microseconds"]
        else:
            rows.append(Row(
                f"claim p50, {names[one['name']]}", "us", one["microseconds"],
                ratios=[one["microseconds"] / empty], count=samples, goal="≤ 2",
                note=f"of {empty:.0f} us in an empty queue; without the commit"))
    return rows


def sharing_rows(bench):
    seconds = 3 if bench.quick else 8
    ours, theirs = [], []
    for _ in range(1 if bench.quick else 3):
        bench.sync()
        database = bench.huey.place()
        environment = bench.huey.environment(database, database + ".journal")
        consumer = bench.huey.consumer(environment, "-k", "process", "-w", "8")
        wait_until("Huey's consumer is there", lambda: os.path.exists(database + "-wal"))
        time.sleep(0.5)
        answers = together(bench.huey, [bench.huey.command("share", seconds)] * 4, environment)
        bench.huey.end(consumer)
        theirs.append(shares(answers, seconds))
        database = bench.skep.place()
        answers = together(
            bench.skep, [bench.skep.command("cycle", database, seconds)] * 8)
        ours.append(shares(answers, seconds))
    with open(bench.huey.log, errors="replace") as log:
        their_locked = log.read().count("database is locked")
    middle = [[statistics.median(one[index] for one in side) for side in (ours, theirs)]
              for index in range(3)]
    least = min(one[0] for one in ours)
    return [
        Row("8 processes, Jain's index", "", middle[0][0], middle[0][1], count=len(ours),
            goal="≥ 0.95", note=f"least {least:.3f}; Huey: 4 producers beside 8 worker processes"),
        Row("8 processes, longest wait", "s", max(one[1] for one in ours),
            max(one[1] for one in theirs), count=len(ours), goal="said",
            note="of any call; Huey: of any enqueue"),
        Row("8 processes, rate", "/s", middle[2][0], middle[2][1], count=len(ours),
            note="Skep: enqueue, claim and settle, 3 commits each; Huey: enqueues alone"),
        Row("8 processes, errors seen", "", sum(one[3] for one in ours),
            max(sum(one[3] for one in theirs), their_locked), count=len(ours), goal="0",
            note="Huey: \"database is locked\" in a producer or the consumer's log"),
    ]


def shares(answers, seconds):
    """Fairness, longest wait, rate and errors of processes that ran at the same time."""
    counts = [one["count"] for one in answers]
    return (jain(counts), max(one["longest"] for one in answers), sum(counts) / seconds,
            sum(one["errors"] for one in answers))


def together(side, commands, environment=None):
    """Starts them, lets them go at the same time, and returns what they measured."""
    started = [side.talk(command, environment) for command in commands]
    for process in started:
        process.stdin.write("go\n")
    answers = [json.loads(process.stdout.readline()) for process in started]
    for process in started:
        process.wait()
    side.end(*started)
    return answers


def idle_rows(bench):
    jobs, seconds = 200, 5.0 if bench.quick else 20.0
    found = {}
    for side in (bench.skep, bench.huey):
        database = side.place()
        journal = database + ".journal"
        worker = side.worker(database, journal, slots=4)
        ring = side.ring([database])
        for number in range(jobs):
            ring.stdin.write(f"0 {number}\n")
            ring.stdout.readline()
        wait_until(f"{side.name} is done", lambda: len(lines(journal)) == jobs, 120)
        side.end(ring)
        found[side] = [worker.pid, database]
    time.sleep(3)
    before = {side: (processor_seconds(pid), written(pid), touched(database))
              for side, (pid, database) in found.items()}
    time.sleep(seconds)
    figures = {}
    for side, (pid, database) in found.items():
        cpu, bytes_written, files = before[side]
        figures[side] = (
            dirty_megabytes(pid), (processor_seconds(pid) - cpu) / seconds * 100,
            written(pid) - bytes_written, len(touched(database) - files),
            private_megabytes(pid))
        side.end()
    ours, theirs = figures[bench.skep], figures[bench.huey]
    after = f"after {jobs} jobs, 4 slots; 4 threads"
    return [
        Row("worker, private memory", "MB", ours[0], theirs[0], [theirs[0] / ours[0]],
            goal="≥ 1", note=f"{after}; with its libraries' pages that nobody else uses now "
            f"{ours[4]:.1f}, Huey's {theirs[4]:.1f}"),
        Row("worker, idle CPU", "%", ours[1], theirs[1], goal="< 1 %",
            note=f"of a core, over {seconds:g} s"),
        Row("worker, idle writes", "bytes", ours[2], theirs[2], goal="0",
            note=f"over {seconds:g} s; {ours[3]} files touched, Huey's {theirs[3]}"),
    ]


def written(process):
    with open(f"/proc/{process}/io") as file:
        return int(dict(line.split(": ") for line in file)["write_bytes"])


def touched(database):
    """Each file of a database with its time and size, its folder of locks included."""
    files = set()
    folder, name = os.path.split(database)
    for place, _, names in os.walk(folder):
        for one in names:
            path = os.path.join(place, one)
            if name in path:
                about = os.stat(path, follow_symlinks=False)
                files.add((path, about.st_mtime_ns, about.st_size))
    return files


def kill_rows(bench):
    lost = {}
    for side, kills in ((bench.skep, bench.kills), (bench.huey, max(2, bench.kills // 10))):
        database = side.place()
        acknowledged, done = database + ".enqueued", database + ".done"
        producer = side.producer(database, acknowledged, 0.01)
        for _ in range(kills):
            begun = len(lines(done))
            worker = side.worker(database, done, slots=4, task_seconds=0.02)
            wait_until(f"{side.name} works", lambda: len(lines(done)) > begun + 3, 120)
            time.sleep(random.uniform(0, 0.1))
            side.end(worker)
        side.end(producer)
        worker = side.worker(database, done, slots=4, task_seconds=0.02)
        settle(lambda: len(lines(done)), lambda: numbers(acknowledged) <= numbers(done))
        side.end(worker)
        runs = [line.split()[0] for line in lines(done)]
        lost[side] = (kills, len(numbers(acknowledged)),
                      len(numbers(acknowledged) - numbers(done)), len(runs) - len(set(runs)))
    ours, theirs = lost[bench.skep], lost[bench.huey]
    return [Row(
        f"tasks lost in {ours[0]} × kill -9 of the worker", "", ours[2], theirs[2], goal="0",
        note=f"of {ours[1]:,}, {ours[3]} run twice; Huey: {theirs[0]} kills, of {theirs[1]:,}, "
        f"{theirs[3]} run twice: {theirs[2] / theirs[0] * ours[0]:,.0f} in {ours[0]}")]


def numbers(journal):
    return {line.split()[0] for line in lines(journal)}


def settle(count, is_done, seconds=5.0):
    """Waits until all is done, or nothing more happens."""
    last, since = count(), time.monotonic()
    while not is_done() and time.monotonic() - since < seconds:
        time.sleep(0.1)
        if count() != last:
            last, since = count(), time.monotonic()


ROWS = {"enqueue": enqueue_rows, "through": through_rows, "latency": latency_rows,
        "claim": claim_rows, "sharing": sharing_rows, "idle": idle_rows, "kills": kill_rows}
