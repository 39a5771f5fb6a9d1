-- Pause, limits and rates of queues and keys, and whose turn it is among the keys.

CREATE TABLE queue_setting (
  queue TEXT NOT NULL PRIMARY KEY,
  is_paused INTEGER NOT NULL DEFAULT 0 CHECK (is_paused IN (0, 1)),
  -- NULL: no limit.
  lim INTEGER CHECK (lim >= 0),
  -- A token bucket: so many in so long, and so many at once. NULL: no rate.
  rate_count INTEGER CHECK (rate_count >= 1),
  rate_per_ms INTEGER CHECK (rate_per_ms >= 1),
  rate_burst INTEGER CHECK (rate_burst >= 1),
  -- When the bucket will be full, in microseconds: each job that begins moves it on by the time in
  -- which one token comes.
  rate_full_at_us INTEGER,
  CHECK ((rate_count IS NULL) = (rate_per_ms IS NULL)),
  CHECK ((rate_count IS NULL) = (rate_burst IS NULL)),
  CHECK ((rate_count IS NULL) = (rate_full_at_us IS NULL))
) STRICT, WITHOUT ROWID;

ALTER TABLE concurrency_key ADD COLUMN rate_count INTEGER CHECK (rate_count >= 1);
ALTER TABLE concurrency_key ADD COLUMN rate_per_ms INTEGER CHECK (rate_per_ms >= 1);
ALTER TABLE concurrency_key ADD COLUMN rate_burst INTEGER CHECK (rate_burst >= 1);
ALTER TABLE concurrency_key ADD COLUMN rate_full_at_us INTEGER;
-- Since when and until when its rate lets no job begin; NULL when nothing of it waits, or its rate
-- doesn't stand in the way.
ALTER TABLE concurrency_key ADD COLUMN shut_at_ms INTEGER;
ALTER TABLE concurrency_key ADD COLUMN opens_at_ms INTEGER;
-- When one of its jobs was leased last, and which lease of the queue that was: keys that were
-- served longer ago go first.
ALTER TABLE concurrency_key ADD COLUMN served_at_ms INTEGER;
ALTER TABLE concurrency_key ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;

-- The keys that a rate has shut, by when they open.
CREATE INDEX concurrency_key_opening ON concurrency_key (queue, opens_at_ms)
  WHERE opens_at_ms IS NOT NULL;

-- The same by when they were shut: those of the future were shut by a clock that was set back.
CREATE INDEX concurrency_key_shut ON concurrency_key (queue, shut_at_ms)
  WHERE shut_at_ms IS NOT NULL;

-- The number of a queue's last lease on a job with a key.
CREATE TABLE queue_turn (
  queue TEXT NOT NULL PRIMARY KEY,
  turn INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What follows from where the jobs are is written once for all that share a commit, not by triggers
-- at each step.
DROP TRIGGER job_counted_at_insert;
DROP TRIGGER job_counted_at_move;
DROP TRIGGER job_counted_at_delete;
DROP TRIGGER job_keyed_at_insert;
DROP TRIGGER job_keyed_at_move;
DROP TRIGGER job_keyed_at_rise;
DROP TRIGGER key_opened_or_shut;

-- The program adds up what changes, and writes it once for many jobs. Only connections that have its
-- functions can change jobs: an older program that still runs is refused, and spoils no counts.
CREATE TRIGGER job_inserted AFTER INSERT ON job
BEGIN
  SELECT skep_moved(NEW.queue, NEW.kind, NEW.concurrency_key, NULL, NEW.state);
END;

CREATE TRIGGER job_moved AFTER UPDATE OF state ON job WHEN OLD.state <> NEW.state
BEGIN
  SELECT skep_moved(NEW.queue, NEW.kind, NEW.concurrency_key, OLD.state, NEW.state);
END;

CREATE TRIGGER job_deleted AFTER DELETE ON job
BEGIN
  SELECT skep_moved(OLD.queue, OLD.kind, OLD.concurrency_key, OLD.state, NULL);
END;

CREATE TRIGGER job_risen AFTER UPDATE OF priority ON job
  WHEN NEW.concurrency_key IS NOT NULL AND NEW.state = 'ready' AND OLD.priority <> NEW.priority
BEGIN
  SELECT skep_risen(NEW.queue, NEW.kind, NEW.concurrency_key);
END;

DROP TABLE key_head;

-- The next ready job of each key and kind. A claim looks at open ones only, so a hundred thousand
-- jobs behind a key at its limit cost it nothing.
CREATE TABLE key_head (
  queue TEXT NOT NULL,
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
  -- Its place among all jobs: that of its job, or of one that became ready when the key was served
  -- last, whichever is later.
  rank_ms INTEGER NOT NULL,
  -- The key's.
  turn INTEGER NOT NULL,
  job INTEGER NOT NULL,
  -- The job's.
  job_rank_ms INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  PRIMARY KEY (queue, key, kind)
) STRICT, WITHOUT ROWID;

-- The most urgent jobs of a kind among the keys that are open.
CREATE INDEX key_head_open ON key_head (queue, kind, rank_ms, turn, job_rank_ms, job)
  WHERE is_open = 1;

INSERT INTO key_head (queue, key, kind, is_open, rank_ms, turn, job, job_rank_ms, priority)
SELECT first.queue, first.concurrency_key, first.kind, lim IS NULL OR leased < lim,
       first.rank_ms, 0, first.id, first.rank_ms, first.priority
  FROM (SELECT queue, concurrency_key, kind, id, rank_ms, priority,
               ROW_NUMBER() OVER (PARTITION BY queue, concurrency_key, kind
                                      ORDER BY rank_ms, id) AS place
          FROM job
         WHERE state = 'ready' AND concurrency_key IS NOT NULL) AS first
  JOIN concurrency_key
    ON concurrency_key.queue = first.queue AND concurrency_key.key = first.concurrency_key
 WHERE place = 1;
