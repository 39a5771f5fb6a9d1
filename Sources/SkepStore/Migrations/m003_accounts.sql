-- What sessions used and how they failed, and the provider accounts that wait.

-- What the agent's own program calls it; with it a later session goes on.
ALTER TABLE session ADD COLUMN vendor_session TEXT;
ALTER TABLE session ADD COLUMN model TEXT;
-- NULL where the agent didn't tell.
ALTER TABLE session ADD COLUMN input_tokens INTEGER;
ALTER TABLE session ADD COLUMN cached_input_tokens INTEGER;
ALTER TABLE session ADD COLUMN cache_write_tokens INTEGER;
ALTER TABLE session ADD COLUMN output_tokens INTEGER;
ALTER TABLE session ADD COLUMN reasoning_tokens INTEGER;
-- In millionths of a US dollar; NULL: unknown, never 0 for that.
ALTER TABLE session ADD COLUMN cost_microdollars INTEGER;
-- Why it didn't come to its own good end; JSON.
ALTER TABLE session ADD COLUMN failure TEXT CHECK (failure IS NULL OR json_valid(failure));
-- How it was confined; JSON.
ALTER TABLE session ADD COLUMN sandbox TEXT CHECK (sandbox IS NULL OR json_valid(sandbox));

-- The sessions of an agent by the time they ended, those that run first, for what it used on one
-- day.
CREATE INDEX session_of_agent ON session (agent, ended_at_ms);

-- The sessions of a job, the newest last, for the one to go on with.
CREATE INDEX session_of_job ON session (job, id);

-- An account with a provider with which nothing is started for a while.
CREATE TABLE account_hold (
  account TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  -- When it was last seen not to work: what began later and worked shows that it works again.
  noted_at_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL CHECK (failures >= 1),
  message TEXT NOT NULL,
  evidence TEXT NOT NULL CHECK (json_valid(evidence)),
  -- The job that tries it; while it isn't leased any more, nobody does.
  tried_by INTEGER
) STRICT, WITHOUT ROWID;
