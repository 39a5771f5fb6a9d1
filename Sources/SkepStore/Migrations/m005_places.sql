-- How many sessions an account may have at once.

-- The account that a job has a place with, while it is leased or its session isn't settled; that it
-- waits for one with, while it is scheduled.
ALTER TABLE step_job ADD COLUMN account TEXT;

-- The jobs that have or want a place with an account.
CREATE INDEX step_job_account ON step_job (account) WHERE account IS NOT NULL;
