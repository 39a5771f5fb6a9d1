-- The queue: one narrow row a job, its bytes and history in side tables, and what a claim needs to
-- find the next job without looking at any other.

CREATE TABLE job (
  -- AUTOINCREMENT: the number of a job that was pruned is never given again.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('scheduled', 'ready', 'leased', 'succeeded', 'dead', 'cancelled')),
  priority INTEGER NOT NULL CHECK (priority BETWEEN -1000 AND 1000),
  concurrency_key TEXT CHECK (concurrency_key <> ''),
  unique_key TEXT,
  enqueued_at_ms INTEGER NOT NULL,
  not_before_ms INTEGER NOT NULL,
  -- Its place in time; kept when a lease is given up or lost.
  ready_at_ms INTEGER,
  -- Its place in the queue, the smallest first: a step of priority is a head start of ten minutes.
  rank_ms INTEGER GENERATED ALWAYS AS (ready_at_ms - priority * 600000) VIRTUAL,
  leased_at_ms INTEGER,
  finished_at_ms INTEGER,
  attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
  failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
  max_failures INTEGER NOT NULL CHECK (max_failures >= 1),
  worker TEXT,
  -- Leases end by the machine's uptime, which only means something within one boot.
  lease_until_uptime_ms INTEGER,
  lease_boot TEXT,
  cancel_requested INTEGER NOT NULL DEFAULT 0 CHECK (cancel_requested IN (0, 1)),
  reason TEXT,
  CHECK (state <> 'ready' OR ready_at_ms IS NOT NULL),
  CHECK ((state = 'leased') = (lease_until_uptime_ms IS NOT NULL)),
  CHECK ((state = 'leased') = (lease_boot IS NOT NULL)),
  CHECK (state <> 'leased' OR (worker IS NOT NULL AND leased_at_ms IS NOT NULL AND attempt > 0)),
  CHECK ((state IN ('succeeded', 'dead', 'cancelled')) = (finished_at_ms IS NOT NULL))
) STRICT;

-- The next ready jobs of a kind that have no key.
CREATE INDEX job_ready ON job (queue, kind, rank_ms, id)
  WHERE state = 'ready' AND concurrency_key IS NULL;

-- The next ready job of a key and kind: refreshes key_head.
CREATE INDEX job_ready_by_key ON job (queue, concurrency_key, kind, rank_ms, id)
  WHERE state = 'ready' AND concurrency_key IS NOT NULL;

-- Since when the longest waiting ready job of a queue waits.
CREATE INDEX job_ready_age ON job (queue, ready_at_ms)
  WHERE state = 'ready';

-- The scheduled jobs whose time has come, and the next one due.
CREATE INDEX job_scheduled ON job (queue, not_before_ms, id)
  WHERE state = 'scheduled';

-- All leases, by who holds them.
CREATE INDEX job_leased ON job (worker)
  WHERE state = 'leased';

-- One unfinished job with a unique key in a queue.
CREATE UNIQUE INDEX job_unique ON job (queue, unique_key)
  WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready', 'leased');

-- The dead, the newest first.
CREATE INDEX job_dead ON job (id)
  WHERE state = 'dead';

-- A job without a row here has an empty payload.
CREATE TABLE job_payload (
  job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  payload BLOB NOT NULL
) STRICT;

CREATE TABLE job_result (
  job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  result BLOB NOT NULL
) STRICT;

CREATE TABLE job_failure (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  failed_at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  counted INTEGER NOT NULL CHECK (counted IN (0, 1))
) STRICT;

-- The history of a job, in order.
CREATE INDEX job_failure_history ON job_failure (job, id);

-- How many jobs are in each state; kept by the triggers below, so that nobody counts rows.
CREATE TABLE job_count (
  queue TEXT NOT NULL,
  state TEXT NOT NULL,
  kind TEXT NOT NULL,
  count INTEGER NOT NULL CHECK (count >= 0),
  PRIMARY KEY (queue, state, kind)
) STRICT, WITHOUT ROWID;

-- Keys that have a limit, or jobs that are ready or leased.
CREATE TABLE concurrency_key (
  queue TEXT NOT NULL,
  key TEXT NOT NULL,
  -- NULL: no limit.
  lim INTEGER CHECK (lim >= 0),
  leased INTEGER NOT NULL DEFAULT 0 CHECK (leased >= 0),
  ready INTEGER NOT NULL DEFAULT 0 CHECK (ready >= 0),
  PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;

-- The next ready job of each key and kind. A claim looks at open ones only, so a hundred thousand
-- jobs behind a key at its limit cost it nothing.
CREATE TABLE key_head (
  queue TEXT NOT NULL,
  key TEXT NOT NULL,
  kind TEXT NOT NULL,
  is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
  rank_ms INTEGER NOT NULL,
  job INTEGER NOT NULL,
  PRIMARY KEY (queue, key, kind)
) STRICT, WITHOUT ROWID;

-- The most urgent job of a kind among the keys below their limit.
CREATE INDEX key_head_open ON key_head (queue, kind, rank_ms, job)
  WHERE is_open = 1;

CREATE TRIGGER job_counted_at_insert AFTER INSERT ON job
BEGIN
  INSERT INTO job_count (queue, state, kind, count) VALUES (NEW.queue, NEW.state, NEW.kind, 1)
      ON CONFLICT (queue, state, kind) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER job_counted_at_move AFTER UPDATE OF state ON job WHEN OLD.state <> NEW.state
BEGIN
  UPDATE job_count SET count = count - 1
   WHERE queue = OLD.queue AND state = OLD.state AND kind = OLD.kind;
  INSERT INTO job_count (queue, state, kind, count) VALUES (NEW.queue, NEW.state, NEW.kind, 1)
      ON CONFLICT (queue, state, kind) DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER job_counted_at_delete AFTER DELETE ON job
BEGIN
  UPDATE job_count SET count = count - 1
   WHERE queue = OLD.queue AND state = OLD.state AND kind = OLD.kind;
END;

CREATE TRIGGER job_deleted_unfinished BEFORE DELETE ON job
  WHEN OLD.state IN ('scheduled', 'ready', 'leased')
BEGIN
  SELECT RAISE(ABORT, 'only finished jobs may be deleted');
END;

-- Counts and heads in one trigger: of two, it isn't defined which goes first.
CREATE TRIGGER job_keyed_at_insert AFTER INSERT ON job
  WHEN NEW.concurrency_key IS NOT NULL AND NEW.state = 'ready'
BEGIN
  INSERT INTO concurrency_key (queue, key, ready) VALUES (NEW.queue, NEW.concurrency_key, 1)
      ON CONFLICT (queue, key) DO UPDATE SET ready = ready + 1;
  DELETE FROM key_head
   WHERE queue = NEW.queue AND key = NEW.concurrency_key AND kind = NEW.kind;
  INSERT INTO key_head (queue, key, kind, is_open, rank_ms, job)
  SELECT job.queue, job.concurrency_key, job.kind,
         concurrency_key.lim IS NULL OR concurrency_key.leased < concurrency_key.lim,
         job.rank_ms, job.id
    FROM job
    JOIN concurrency_key
      ON concurrency_key.queue = NEW.queue AND concurrency_key.key = NEW.concurrency_key
   WHERE job.state = 'ready' AND job.queue = NEW.queue
     AND job.concurrency_key = NEW.concurrency_key AND job.kind = NEW.kind
   ORDER BY job.rank_ms, job.id
   LIMIT 1;
END;

CREATE TRIGGER job_keyed_at_move AFTER UPDATE OF state ON job
  WHEN NEW.concurrency_key IS NOT NULL
   AND OLD.state <> NEW.state
   AND (OLD.state IN ('ready', 'leased') OR NEW.state IN ('ready', 'leased'))
BEGIN
  INSERT INTO concurrency_key (queue, key, leased, ready)
       VALUES (NEW.queue, NEW.concurrency_key, NEW.state = 'leased', NEW.state = 'ready')
      ON CONFLICT (queue, key) DO UPDATE
          SET leased = leased + (NEW.state = 'leased') - (OLD.state = 'leased'),
              ready = ready + (NEW.state = 'ready') - (OLD.state = 'ready');
  DELETE FROM key_head
   WHERE queue = NEW.queue AND key = NEW.concurrency_key AND kind = NEW.kind
     AND 'ready' IN (OLD.state, NEW.state);
  INSERT INTO key_head (queue, key, kind, is_open, rank_ms, job)
  SELECT job.queue, job.concurrency_key, job.kind,
         concurrency_key.lim IS NULL OR concurrency_key.leased < concurrency_key.lim,
         job.rank_ms, job.id
    FROM job
    JOIN concurrency_key
      ON concurrency_key.queue = NEW.queue AND concurrency_key.key = NEW.concurrency_key
   WHERE job.state = 'ready' AND job.queue = NEW.queue
     AND job.concurrency_key = NEW.concurrency_key AND job.kind = NEW.kind
     AND 'ready' IN (OLD.state, NEW.state)
   ORDER BY job.rank_ms, job.id
   LIMIT 1;
  DELETE FROM concurrency_key
   WHERE queue = NEW.queue AND key = NEW.concurrency_key
     AND lim IS NULL AND leased = 0 AND ready = 0;
END;

CREATE TRIGGER job_keyed_at_rise AFTER UPDATE OF priority ON job
  WHEN NEW.concurrency_key IS NOT NULL AND NEW.state = 'ready' AND OLD.priority <> NEW.priority
BEGIN
  DELETE FROM key_head
   WHERE queue = NEW.queue AND key = NEW.concurrency_key AND kind = NEW.kind;
  INSERT INTO key_head (queue, key, kind, is_open, rank_ms, job)
  SELECT job.queue, job.concurrency_key, job.kind,
         concurrency_key.lim IS NULL OR concurrency_key.leased < concurrency_key.lim,
         job.rank_ms, job.id
    FROM job
    JOIN concurrency_key
      ON concurrency_key.queue = NEW.queue AND concurrency_key.key = NEW.concurrency_key
   WHERE job.state = 'ready' AND job.queue = NEW.queue
     AND job.concurrency_key = NEW.concurrency_key AND job.kind = NEW.kind
   ORDER BY job.rank_ms, job.id
   LIMIT 1;
END;

CREATE TRIGGER key_opened_or_shut AFTER UPDATE OF lim, leased ON concurrency_key
BEGIN
  UPDATE key_head SET is_open = (NEW.lim IS NULL OR NEW.leased < NEW.lim)
   WHERE queue = NEW.queue AND key = NEW.key
     AND is_open <> (NEW.lim IS NULL OR NEW.leased < NEW.lim);
END;
