-- Schedules: what puts jobs into queues at times that are known beforehand.

CREATE TABLE schedule (
  name TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  timing TEXT NOT NULL CHECK (timing IN ('cron', 'every', 'once')),
  cron TEXT,
  time_zone TEXT,
  every_ms INTEGER CHECK (every_ms > 0),
  -- Where intervals begin, or the one time.
  at_ms INTEGER,
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  priority INTEGER NOT NULL CHECK (priority BETWEEN -1000 AND 1000),
  max_failures INTEGER NOT NULL CHECK (max_failures >= 1),
  missed TEXT NOT NULL CHECK (missed IN ('skip', 'run_once', 'run_all')),
  missed_limit INTEGER CHECK (missed_limit >= 1),
  overlap TEXT NOT NULL CHECK (overlap IN ('allow', 'skip')),
  jitter_ms INTEGER NOT NULL CHECK (jitter_ms >= 0),
  payload BLOB NOT NULL,
  is_paused INTEGER NOT NULL DEFAULT 0 CHECK (is_paused IN (0, 1)),
  -- Ticks up to here are done with: the next one is the first after it.
  counted_at_ms INTEGER NOT NULL,
  -- NULL: it is paused, or none comes any more.
  next_tick_at_ms INTEGER,
  last_tick_at_ms INTEGER,
  last_job INTEGER,
  skipped INTEGER NOT NULL DEFAULT 0 CHECK (skipped >= 0),
  last_skip TEXT CHECK (last_skip IN ('overlapped', 'missed')),
  CHECK ((timing = 'cron') = (cron IS NOT NULL)),
  CHECK ((timing = 'cron') = (time_zone IS NOT NULL)),
  CHECK ((timing = 'every') = (every_ms IS NOT NULL)),
  CHECK ((timing = 'cron') = (at_ms IS NULL)),
  CHECK ((missed = 'run_all') = (missed_limit IS NOT NULL)),
  CHECK (is_paused = 0 OR next_tick_at_ms IS NULL)
) STRICT;

-- The schedules that are due, and when the next one is.
CREATE INDEX schedule_due ON schedule (next_tick_at_ms)
  WHERE next_tick_at_ms IS NOT NULL;

-- The ticks that came, the newest hundred of each schedule and those whose job isn't finished.
CREATE TABLE schedule_tick (
  id INTEGER PRIMARY KEY,
  schedule TEXT NOT NULL REFERENCES schedule (name) ON DELETE CASCADE,
  nominal_at_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('queued', 'run_by_hand', 'overlapped', 'missed')),
  -- No reference: a tick outlives its job, and numbers of jobs are never given again.
  job INTEGER,
  at_ms INTEGER NOT NULL,
  CHECK ((outcome IN ('queued', 'run_by_hand')) = (job IS NOT NULL))
) STRICT;

-- A tick comes once.
CREATE UNIQUE INDEX schedule_tick_once ON schedule_tick (schedule, nominal_at_ms)
  WHERE outcome <> 'run_by_hand';

-- The history of a schedule, in order.
CREATE INDEX schedule_tick_history ON schedule_tick (schedule, id);
