-- Which jobs wait for which.

CREATE TABLE job_dependency (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  -- The order in which they were named.
  position INTEGER NOT NULL,
  -- No reference: what a job waited for may be removed once the job is finished.
  dependency INTEGER NOT NULL,
  PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

-- The jobs that wait or waited for a job.
CREATE INDEX job_dependency_dependents ON job_dependency (dependency, job);
