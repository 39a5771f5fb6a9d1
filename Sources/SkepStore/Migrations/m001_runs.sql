-- The swarm: what was asked for, what is done about it, what was tried, what was said.

-- One pass of a workflow over an issue by one agent. Its state is computed from these facts and
-- from its newest job.
CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repository TEXT NOT NULL COLLATE NOCASE,
  issue_number INTEGER NOT NULL CHECK (issue_number > 0),
  issue_title TEXT NOT NULL,
  agent TEXT NOT NULL,
  workflow TEXT NOT NULL,
  branch TEXT NOT NULL,
  continues_branch INTEGER NOT NULL CHECK (continues_branch IN (0, 1)),
  cause TEXT NOT NULL,
  -- Of all its jobs: that of the demand it answers.
  priority INTEGER NOT NULL CHECK (priority BETWEEN -1000 AND 1000),
  base_commit TEXT,
  base_branch TEXT,
  head_commit TEXT,
  pull_number INTEGER,
  pull_url TEXT,
  opened_at_ms INTEGER NOT NULL,
  -- Who or what wants it cancelled; it closes when everything has stopped.
  cancel_reason TEXT,
  outcome TEXT
    CHECK (outcome IN ('published', 'no_changes', 'failed', 'cancelled', 'chosen')),
  closed_at_ms INTEGER,
  closing_detail TEXT,
  CHECK ((base_commit IS NULL) = (base_branch IS NULL)),
  CHECK ((pull_number IS NULL) = (pull_url IS NULL)),
  CHECK ((outcome IS NULL) = (closed_at_ms IS NULL)),
  CHECK ((outcome IS NULL) = (closing_detail IS NULL))
) STRICT;

-- One agent has at most one open run on an issue; also: is it busy there?
CREATE UNIQUE INDEX run_one_open ON run (repository, issue_number, agent)
  WHERE closed_at_ms IS NULL;

-- All runs on an issue.
CREATE INDEX run_of_issue ON run (repository, issue_number, id);

-- Open runs, the newest first.
CREATE INDEX run_open ON run (id)
  WHERE closed_at_ms IS NULL;

-- A demand for work. It waits while no run answers it, nobody dismissed it and it hasn't ended. A
-- standing one that has ended makes room for the next of the same cause.
CREATE TABLE run_trigger (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  repository TEXT NOT NULL COLLATE NOCASE,
  issue_number INTEGER NOT NULL CHECK (issue_number > 0),
  agent TEXT NOT NULL,
  cause TEXT NOT NULL,
  is_standing INTEGER NOT NULL CHECK (is_standing IN (0, 1)),
  -- NULL: the first workflow that may be asked this way.
  workflow TEXT,
  asked_by TEXT,
  priority INTEGER NOT NULL CHECK (priority BETWEEN -1000 AND 1000),
  findings TEXT,
  -- Not answered before this.
  not_before_ms INTEGER,
  -- Those that were shut when it was last looked at; a JSON array.
  gates TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(gates)),
  seen_at_ms INTEGER NOT NULL,
  -- The cause is gone.
  ended_at_ms INTEGER,
  -- The run that answers it.
  run INTEGER REFERENCES run (id),
  -- Why no run answers it. A standing cause isn't asked about again until it is gone.
  dismissed TEXT,
  CHECK (run IS NULL OR dismissed IS NULL)
) STRICT;

-- The same cause is answered once; also: the demands on an issue.
CREATE UNIQUE INDEX run_trigger_cause ON run_trigger (repository, issue_number, agent, cause)
  WHERE ended_at_ms IS NULL;

-- The demands that wait, the most urgent first.
CREATE INDEX run_trigger_waiting ON run_trigger (priority DESC, seen_at_ms, id)
  WHERE run IS NULL AND dismissed IS NULL AND ended_at_ms IS NULL;

-- How often something about a pull request was answered.
CREATE INDEX run_trigger_answered ON run_trigger (repository, cause)
  WHERE run IS NOT NULL;

-- Which step of which run a job does.
CREATE TABLE step_job (
  job INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  step TEXT NOT NULL,
  -- 1 for the run's first job of this step; each reviewer's are counted apart.
  round INTEGER NOT NULL CHECK (round >= 1),
  findings TEXT,
  -- Whose session it has, where that isn't the run's agent.
  agent TEXT
) STRICT;

-- The newest job of a run.
CREATE INDEX step_job_of_run ON step_job (run, job);

CREATE TABLE attempt (
  job INTEGER NOT NULL REFERENCES step_job (job),
  attempt INTEGER NOT NULL CHECK (attempt >= 1),
  worker TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  outcome TEXT,
  detail TEXT,
  PRIMARY KEY (job, attempt),
  CHECK ((ended_at_ms IS NULL) = (outcome IS NULL))
) STRICT, WITHOUT ROWID;

-- An agent session. Written before its host is started; whether it lives is asked of its folder.
CREATE TABLE session (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run (id),
  job INTEGER NOT NULL REFERENCES step_job (job),
  attempt INTEGER NOT NULL,
  agent TEXT NOT NULL,
  workspace_path TEXT NOT NULL,
  base_commit TEXT NOT NULL,
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  ending TEXT,
  output_bytes INTEGER NOT NULL DEFAULT 0,
  CHECK ((ended_at_ms IS NULL) = (ending IS NULL))
) STRICT;

-- A job has one session at a time; also: the sessions nobody has settled.
CREATE UNIQUE INDEX session_open ON session (job)
  WHERE ended_at_ms IS NULL;

-- All sessions of a run.
CREATE INDEX session_of_run ON session (run, id);

-- What a check said about a commit; the newest of a command counts.
CREATE TABLE check_result (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  commit_id TEXT NOT NULL,
  command TEXT NOT NULL,
  has_passed INTEGER NOT NULL CHECK (has_passed IN (0, 1)),
  ending TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  -- How many tests it ran, where it wrote that down; JSON.
  tests TEXT CHECK (tests IS NULL OR json_valid(tests)),
  at_ms INTEGER NOT NULL
) STRICT;

-- The checks of a run, in order.
CREATE INDEX check_result_of_run ON check_result (run, id);

-- What was out of the ordinary in a run, for its report.
CREATE TABLE run_note (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  note TEXT NOT NULL
) STRICT;

-- The notes of a run, in order.
CREATE INDEX run_note_of_run ON run_note (run, id);

-- What is to be said or done on the tracker; at one place in this order.
CREATE TABLE report (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- NULL when it is no run's.
  run INTEGER REFERENCES run (id),
  -- The issue or pull request it is for; 0 where a new issue is opened.
  repository TEXT NOT NULL COLLATE NOCASE,
  issue_number INTEGER NOT NULL CHECK (issue_number >= 0),
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  -- What is done with the text; JSON.
  content TEXT NOT NULL CHECK (json_valid(content)),
  created_at_ms INTEGER NOT NULL,
  posted_at_ms INTEGER,
  comment_url TEXT,
  CHECK ((posted_at_ms IS NULL) = (comment_url IS NULL))
) STRICT;

-- A run says everything once; also: the reports of a run.
CREATE UNIQUE INDEX report_topic ON report (run, topic)
  WHERE run IS NOT NULL;

-- What is no run's is said once at a place.
CREATE UNIQUE INDEX report_place_topic ON report (repository, issue_number, topic)
  WHERE run IS NULL;

-- Those of a place that aren't posted, oldest first.
CREATE INDEX report_unposted ON report (repository, issue_number, id)
  WHERE posted_at_ms IS NULL;
