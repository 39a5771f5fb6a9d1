"""Measures how Skep looks at a tracker: ticks with nothing new, long backlogs, many repositories,
and storms of webhooks. README.md in this folder describes each.
"""
import hashlib
import hmac
import http.client
import json
import os
import sqlite3
import sys
import threading
import time
import uuid

from counting import CountingProxy
from house import (
    Figure, House, free_port, listens, private_megabytes, processor_seconds, wait_until)

SECRET = "benchmark"


class Backlog(House):
    """A tracker with repositories and issues, seen through a proxy that counts."""

    def __init__(self, programs, folder, repositories, issues=0):
        os.makedirs(folder)
        super().__init__(programs, folder)
        self.names = [f"bench/r{number}" for number in range(1, repositories + 1)]
        self.port, self.proxy = free_port(), None
        data = ["--data", self.forge]
        token = self.run("forge", "user", "add", "bench", "--admin", *data).split()[-1]
        self.environment.update(BENCH_TOKEN=token, BENCH_SECRET=SECRET)
        for name in self.names:
            self.run("forge", "repo", "add", name, *data)
        if issues:
            self.fill(issues)
        self.start("forge", "serve", *data, "--port", str(self.port))
        wait_until("the tracker listens", lambda: listens(self.port))
        self.proxy = CountingProxy(self.port)

    def fill(self, issues):
        """Writes issues as rows into the tracker's database: one by one through its API they would
        take minutes, and aren't what is measured."""
        now = int(time.time() * 1000)
        database = sqlite3.connect(os.path.join(self.forge, "forge.sqlite"))
        with database:
            repository, author = database.execute(
                "SELECT id, owner_id FROM repository WHERE name = 'r1'").fetchone()
            label = database.execute(
                "INSERT INTO label (repository_id, name, color) VALUES (?, 'ready', '00aabb')",
                (repository,)).lastrowid
            for number in range(1, issues + 1):
                at = now - (issues - number) * 60_000
                issue = database.execute(
                    "INSERT INTO issue (repository_id, number, is_pull, title, body, author_id,"
                    " created_at_ms, updated_at_ms) VALUES (?, ?, 0, ?, ?, ?, ?, ?)",
                    (repository, number, f"Issue {number}", "What is wrong, and where.\n" * 20,
                     author, at, at)).lastrowid
                database.execute("INSERT INTO issue_label VALUES (?, ?)", (issue, label))
            database.execute("UPDATE repository SET next_number = ? WHERE id = ?",
                             (issues + 1, repository))
        database.close()

    def configure(self, port, poll_seconds=1, hooks_port=None):
        """`port` is the tracker's own, or the proxy's."""
        hooks = (f'webhooks: {{listen: "127.0.0.1:{hooks_port}", secret_env: BENCH_SECRET}}'
                 if hooks_port else "")
        self.write("skep.yaml", f"""\
tracker: {{kind: gitea, url: "http://127.0.0.1:{port}", token_env: BENCH_TOKEN}}
repositories: [{", ".join(self.names)}]
state: {self.state}
agents: {{user: {"root" if self.root else "nobody"}}}
dispatch: {{poll_seconds: {poll_seconds}}}
{hooks}
""")
        self.write_waiter("label", "comment")
        self.run("init")

    def serve(self):
        """Starts the daemon; answers with it and with what says that it has ended by mistake."""
        daemon = self.start("serve", *self.root)

        def check():
            if daemon.poll() is not None:
                with open(os.path.join(self.folder, "serve.log")) as log:
                    sys.exit(f"bench: skep serve ended with {daemon.returncode}:\n{log.read()}")

        return daemon, check

    def changes_asked(self):
        """How often lists of issues were asked for: once for each repository and pass."""
        return self.proxy.asked("/issues")

    def watch(self, seconds):
        """Starts the daemon, lets it come to rest, and watches it: daemon, requests, requests for
        lists, and seconds of CPU."""
        daemon, check = self.serve()
        wait_until("the first passes are over",
                   lambda: check() or self.changes_asked() >= 4 * len(self.names), 120)
        requests, lists, used = (
            self.proxy.asked(), self.changes_asked(), processor_seconds(daemon.pid))
        time.sleep(seconds)
        return (daemon, self.proxy.asked() - requests, self.changes_asked() - lists,
                processor_seconds(daemon.pid) - used)

    def stop(self):
        super().stop()
        if self.proxy:
            self.proxy.stop()


def measure(programs, folder, seconds):
    figures = measure_backlog(programs, os.path.join(folder, "backlog"), seconds)
    figures += measure_repositories(programs, os.path.join(folder, "many"), seconds)
    return figures


def measure_backlog(programs, folder, seconds, issues=5000):
    house = Backlog(programs, folder, repositories=1, issues=issues)
    figures = []
    try:
        house.configure(house.port)
        figures.append(Figure(
            f"{issues:,} issues listed and judged, 100 planned", "s", 5,
            [plan(house, issues, "--max-issues", "100") for _ in range(3)]))
        # What each depends on is asked of the tracker one by one, for those that would be begun.
        figures.append(Figure(
            f"{issues:,} issues listed and judged, all planned", "s", None,
            [plan(house, issues)]))

        house.configure(house.proxy.port)
        _, requests, ticks, used = house.watch(seconds)
        figures.append(Figure("tick with nothing new, requests", "", 1, [requests / ticks]))
        figures.append(Figure("tick with nothing new, CPU", "ms", 5, [used / ticks * 1000]))
        for process in house.started[1:]:
            house.end(process)

        port = free_port()
        house.configure(house.proxy.port, poll_seconds=3600, hooks_port=port)
        _, check = house.serve()
        wait_until("Skep takes webhooks", lambda: check() or listens(port))
        figures += measure_storm(house, port, issues)
    finally:
        house.stop()
    return figures


def plan(house, issues, *options):
    """How long a plan takes that says something of each issue."""
    before = time.perf_counter()
    items = json.loads(house.run(
        "burndown", "--label", "ready", "--agents", "waiter", "--dry-run", "--json", *options))
    taken = time.perf_counter() - before
    if len(items) != issues:
        sys.exit(f"bench: the plan has {len(items)} issues, and there are {issues}")
    return taken


def measure_repositories(programs, folder, seconds, repositories=100):
    house = Backlog(programs, folder, repositories)
    try:
        house.configure(house.proxy.port)
        daemon, requests, lists, used = house.watch(seconds)
        return [
            Figure(f"{repositories} repositories, private memory", "MB", 80,
                   [private_megabytes(daemon.pid)]),
            Figure(f"{repositories} repositories, requests of each a tick", "", 1,
                   [requests / lists]),
            Figure(f"{repositories} repositories, CPU of each a tick", "ms", 5,
                   [used / lists * 1000]),
        ]
    finally:
        house.stop()


def measure_storm(house, port, issues, deliveries=10_000, seconds=60):
    """Sends signed deliveries at an even pace, and times each answer."""
    wait_until("the first pass is over", lambda: is_quiet(house))
    passes = house.changes_asked()
    times = [0.0] * deliveries
    refused = []
    began = time.perf_counter() + 0.5
    senders = 8

    def send(first):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in range(first, deliveries, senders):
            body = json.dumps({
                "action": "edited", "repository": {"full_name": house.names[0]},
                "issue": {"number": number % issues + 1, "body": "What is wrong.\n" * 100},
            }).encode()
            headers = {
                "Content-Type": "application/json", "X-Gitea-Event": "issues",
                "X-Gitea-Delivery": str(uuid.uuid4()),
                "X-Gitea-Signature": hmac.new(
                    SECRET.encode(), body, hashlib.sha256).hexdigest()}
            time.sleep(max(0, began + number * seconds / deliveries - time.perf_counter()))
            before = time.perf_counter()
            connection.request("POST", "/hooks", body, headers)
            answer = connection.getresponse()
            answer.read()
            times[number] = (time.perf_counter() - before) * 1000
            if answer.status // 100 != 2:
                refused.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=send, args=[first]) for first in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    if refused:
        sys.exit(f"bench: {len(refused)} deliveries were refused, the first with {refused[0]}")
    wait_until("the storm is over", lambda: is_quiet(house))
    thousands = [sorted(times[start:start + 1000]) for start in range(0, deliveries, 1000)]
    return [
        Figure(f"{deliveries:,} webhooks in {took:.0f} s, p99 of a thousand", "ms", 50,
               [thousand[989] for thousand in thousands]),
        Figure(f"{deliveries:,} webhooks, coordinator passes", "", None,
               [house.changes_asked() - passes]),
    ]


def is_quiet(house):
    """Whether the tracker has been asked for something, and not for the last two seconds."""
    before = house.proxy.asked()
    time.sleep(2)
    return before > 0 and house.proxy.asked() == before
