-- What a job may say of itself besides what it is: when it is too late for it, how long it may take,
-- among whom it is unique, how long it is kept, and what else it waits for.

-- It never begins at this time or later.
ALTER TABLE job ADD COLUMN expires_at_ms INTEGER;
ALTER TABLE job ADD COLUMN timeout_ms INTEGER CHECK (timeout_ms > 0);
ALTER TABLE job ADD COLUMN unique_scope TEXT NOT NULL DEFAULT 'unfinished'
  CHECK (unique_scope IN ('waiting', 'unfinished', 'window'));
-- How long its unique key is taken, however it ends.
ALTER TABLE job ADD COLUMN unique_until_ms INTEGER
  CHECK ((unique_scope = 'window') = (unique_until_ms IS NOT NULL));
-- A JSON array, sorted; NULL when there are none. job_tag has them to search by.
ALTER TABLE job ADD COLUMN tags TEXT;
ALTER TABLE job ADD COLUMN is_held INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1));
-- How long it is kept once it is finished. NULL: as the store says.
ALTER TABLE job ADD COLUMN retention_ms INTEGER CHECK (retention_ms >= 0);
-- From when on it may be removed; only of finished jobs. NULL: kept until somebody removes it.
ALTER TABLE job ADD COLUMN prune_at_ms INTEGER;
ALTER TABLE job ADD COLUMN runs_when TEXT NOT NULL DEFAULT 'succeeded'
  CHECK (runs_when IN ('succeeded', 'finished', 'failed'));
-- How many of its dependencies aren't finished.
ALTER TABLE job ADD COLUMN unmet INTEGER NOT NULL DEFAULT 0 CHECK (unmet >= 0);
-- The dependency because of which it was cancelled: it is revived with that one.
ALTER TABLE job ADD COLUMN cancelled_by INTEGER;
-- What it waits for; not_before_ms is when it waits no longer.
ALTER TABLE job ADD COLUMN awaited_event TEXT;
ALTER TABLE job ADD COLUMN is_awaited_for_itself INTEGER NOT NULL DEFAULT 0
  CHECK (is_awaited_for_itself IN (0, 1));

-- Held jobs, and those that wait for other jobs, aren't due.
DROP INDEX job_scheduled;

-- The scheduled jobs whose time has come, and the next one due.
CREATE INDEX job_scheduled ON job (queue, not_before_ms, id)
  WHERE state = 'scheduled' AND is_held = 0 AND unmet = 0;

-- The waiting jobs for which it is too late, and the next one for which it will be.
CREATE INDEX job_expiring ON job (expires_at_ms)
  WHERE expires_at_ms IS NOT NULL AND attempt = 0 AND state IN ('scheduled', 'ready');

-- Whether a unique key is taken is looked up by whoever writes, and there is one at a time; among
-- whom it has to be unique is up to each job.
DROP INDEX job_unique;

-- The unfinished jobs with a unique key, the newest last.
CREATE INDEX job_unique ON job (unique_key, queue)
  WHERE unique_key IS NOT NULL AND state IN ('scheduled', 'ready', 'leased');

-- All jobs with a unique key, the newest last: for windows, and to find jobs by it.
CREATE INDEX job_unique_window ON job (unique_key, queue, enqueued_at_ms)
  WHERE unique_key IS NOT NULL;

-- The held jobs, the cancelled ones and those that are scheduled, the newest last; job_dead has the
-- dead. What is ready or leased has come lately, or is little.
CREATE INDEX job_held ON job (id)
  WHERE is_held = 1;
CREATE INDEX job_cancelled ON job (id)
  WHERE state = 'cancelled';
CREATE INDEX job_waiting ON job (id)
  WHERE state = 'scheduled';

-- The finished jobs whose time to be removed has come.
CREATE INDEX job_pruned ON job (prune_at_ms)
  WHERE prune_at_ms IS NOT NULL;

-- The jobs that wait for an event.
CREATE INDEX job_awaiting ON job (awaited_event)
  WHERE awaited_event IS NOT NULL AND state = 'scheduled';

CREATE TABLE job_tag (
  tag TEXT NOT NULL,
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  PRIMARY KEY (tag, job)
) STRICT, WITHOUT ROWID;

-- The tags of a job, to be removed with it.
CREATE INDEX job_tag_job ON job_tag (job);

-- What was finished before is kept for thirty days more at most.
UPDATE job SET prune_at_ms = finished_at_ms + 2592000000
 WHERE state IN ('succeeded', 'cancelled');
