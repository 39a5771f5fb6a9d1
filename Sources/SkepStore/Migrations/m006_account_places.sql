-- Which jobs have a place with their account, and which wait for it, in columns of their own.

-- How many sessions accounts may have at once; those that aren't here as many as there are.
CREATE TABLE account_places (
  account TEXT PRIMARY KEY,
  places INTEGER NOT NULL CHECK (places >= 1)
) STRICT, WITHOUT ROWID;

-- The account that a job waits for, until that works again or has a place; also while it is ready
-- and hasn't asked for its place yet.
DROP INDEX step_job_parked;
ALTER TABLE step_job RENAME COLUMN parked_for TO waits_for;

-- The jobs that wait for an account.
CREATE INDEX step_job_waiting ON step_job (waits_for) WHERE waits_for IS NOT NULL;

-- From now on `account` is that of the place a job has, and nothing else.
UPDATE step_job
   SET waits_for = account
 WHERE account IS NOT NULL AND waits_for IS NULL
   AND EXISTS (SELECT 1 FROM job WHERE job.id = step_job.job AND state IN ('scheduled', 'ready'))
   AND NOT EXISTS (SELECT 1
                     FROM session
                    WHERE session.job = step_job.job AND ended_at_ms IS NULL);
UPDATE step_job
   SET account = NULL
 WHERE account IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM job WHERE job.id = step_job.job AND state = 'leased')
   AND NOT EXISTS (SELECT 1
                     FROM session
                    WHERE session.job = step_job.job AND ended_at_ms IS NULL);
