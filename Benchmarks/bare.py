"""What SQLite itself allows: the rows that jobs are made of, and no queue around them.

In the queue's own tables with all their indexes and checks, without the triggers that report to the
program; synced at each commit; each statement prepared once and run for many rows by the library
(`executemany`), by one thread that waits for nobody. Standard library only.
"""
import sqlite3
import time

PAYLOAD = b"*" * 200

ENQUEUE = """
    INSERT INTO job (
        queue, kind, state, priority, concurrency_key, unique_key, unique_scope, unique_until_ms,
        tags, enqueued_at_ms, not_before_ms, ready_at_ms, expires_at_ms, timeout_ms, retention_ms,
        max_failures, runs_when, unmet)
    VALUES ('default', 'bench', 'ready', 0, NULL, NULL, 'unfinished', NULL, NULL, ?1, ?1, ?1, NULL,
            NULL, NULL, 10, 'succeeded', 0)"""

CARRY = "INSERT INTO job_payload (job, payload) VALUES (?, ?)"

CLAIM = """
    UPDATE job
       SET state = 'leased', attempt = attempt + 1, leased_at_ms = ?1, worker = 'w-0123456789ab',
           lease_until_uptime_ms = ?1, lease_boot = '01234567-89ab-cdef-0123-456789abcdef',
           reason = NULL
     WHERE id = ?2"""

SETTLE = """
    UPDATE job
       SET state = 'succeeded', finished_at_ms = ?1, prune_at_ms = ?1, reason = NULL,
           cancelled_by = NULL, awaited_event = NULL, lease_until_uptime_ms = NULL,
           lease_boot = NULL
     WHERE id = ?2 AND attempt = 1 AND state = 'leased'"""


def jobs_per_second(database, jobs_per_commit, seconds, until_done):
    """Jobs that are enqueued, or until they are done: then each commit has so many new jobs, the
    claims of as many, and the settlements of those that the commit before has claimed."""
    connection = sqlite3.connect(database, isolation_level=None)
    for setting in "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY":
        connection.execute(f"PRAGMA {setting}")
    triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    for name, in triggers.fetchall():
        connection.execute(f"DROP TRIGGER {name}")

    count, claimed, begin = 0, [], time.monotonic()
    while time.monotonic() - begin < seconds:
        now = time.time_ns() // 1_000_000
        jobs = range(count + 1, count + 1 + jobs_per_commit)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(ENQUEUE, [(now,)] * jobs_per_commit)
        connection.executemany(CARRY, [(job, PAYLOAD) for job in jobs])
        if until_done:
            connection.executemany(SETTLE, claimed)
            claimed = [(now, job) for job in jobs]
            connection.executemany(CLAIM, claimed)
        connection.execute("COMMIT")
        count += jobs_per_commit
    rate = count / (time.monotonic() - begin)
    connection.close()
    return rate
