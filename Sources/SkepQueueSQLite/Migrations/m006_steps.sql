-- The parts of jobs that are done once, and the events that jobs wait for.

CREATE TABLE job_step (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  -- The order in which they were done.
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  result BLOB NOT NULL,
  attempt INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (job, position),
  UNIQUE (job, name)
) STRICT;

CREATE TABLE queue_event (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  -- NULL: for all who wait for the name.
  job INTEGER REFERENCES job (id) ON DELETE CASCADE,
  payload BLOB NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

-- An event happens once.
CREATE UNIQUE INDEX queue_event_once ON queue_event (name, IFNULL(job, 0));

-- The events for a job, to be removed with it.
CREATE INDEX queue_event_job ON queue_event (job)
  WHERE job IS NOT NULL;
