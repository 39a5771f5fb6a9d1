-- What waits for what: jobs for accounts, and questions for people.

-- The account that a job waits for: it goes on as soon as that works again.
ALTER TABLE step_job ADD COLUMN parked_for TEXT;

-- The jobs that wait for an account.
CREATE INDEX step_job_parked ON step_job (parked_for) WHERE parked_for IS NOT NULL;

-- Who was asked; JSON.
ALTER TABLE question ADD COLUMN asked TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(asked));
