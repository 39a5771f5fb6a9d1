-- What can be seen of jobs and workers from outside.

CREATE TABLE job_progress (
  job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
  done INTEGER NOT NULL CHECK (done >= 0),
  total INTEGER CHECK (total >= 0),
  message TEXT,
  attempt INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

-- What neither the job's own row nor its failures tell.
CREATE TABLE job_event (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  detail TEXT
) STRICT;

-- The history of a job, in order.
CREATE INDEX job_event_history ON job_event (job, id);

-- Who has registered; whether they live, their locks say.
CREATE TABLE worker (
  worker TEXT NOT NULL PRIMARY KEY,
  process_id INTEGER NOT NULL,
  -- A WorkerOffer as JSON; NULL for who takes no jobs.
  offer TEXT,
  started_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many jobs came and went, for each of the last minutes in which some did.
CREATE TABLE queue_throughput (
  queue TEXT NOT NULL,
  minute INTEGER NOT NULL,
  enqueued INTEGER NOT NULL DEFAULT 0,
  finished INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (queue, minute)
) STRICT, WITHOUT ROWID;
