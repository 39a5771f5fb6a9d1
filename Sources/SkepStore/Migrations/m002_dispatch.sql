-- Dispatch: how far the tracker was read, what people and reviewers said, what became of pull
-- requests, backlogs that are worked off or retired, and what happened.

-- How far a repository was read, in the tracker's time.
CREATE TABLE tracker_cursor (
  repository TEXT PRIMARY KEY COLLATE NOCASE,
  changes_ms INTEGER NOT NULL,
  comments_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A comment that was dealt with: it is never answered twice.
CREATE TABLE dealt_comment (
  repository TEXT NOT NULL COLLATE NOCASE,
  comment INTEGER NOT NULL,
  issue_number INTEGER NOT NULL CHECK (issue_number > 0),
  author TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (repository, comment)
) STRICT, WITHOUT ROWID;

-- What an agent asked a person. Its run has no job meanwhile: the next one is kept here.
CREATE TABLE question (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  agent TEXT NOT NULL,
  text TEXT NOT NULL,
  asked_at_ms INTEGER NOT NULL,
  -- The job the run goes on with; JSON.
  next_job TEXT NOT NULL CHECK (json_valid(next_job)),
  answer TEXT,
  answered_by TEXT,
  answered_at_ms INTEGER,
  CHECK ((answer IS NULL) = (answered_at_ms IS NULL)),
  CHECK ((answer IS NULL) = (answered_by IS NULL))
) STRICT;

-- A run waits for one answer at a time; also: does it wait?
CREATE UNIQUE INDEX question_open ON question (run)
  WHERE answered_at_ms IS NULL;

-- The questions of a run, in order.
CREATE INDEX question_of_run ON question (run, id);

-- What a reviewer said of a run's head.
CREATE TABLE review (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id),
  reviewer TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  round INTEGER NOT NULL CHECK (round >= 1),
  verdict TEXT NOT NULL CHECK (verdict IN ('approved', 'changes_requested', 'commented')),
  summary TEXT NOT NULL,
  -- A JSON array.
  findings TEXT NOT NULL CHECK (json_valid(findings)),
  at_ms INTEGER NOT NULL
) STRICT;

-- The reviews of a run, in order.
CREATE INDEX review_of_run ON review (run, id);

-- A pull request that runs opened and pushed to, as the tracker showed it last. Its issue and its
-- agent are its run's.
CREATE TABLE pull_request (
  id INTEGER PRIMARY KEY,
  repository TEXT NOT NULL COLLATE NOCASE,
  number INTEGER NOT NULL CHECK (number > 0),
  -- The newest that pushed to it.
  run INTEGER NOT NULL REFERENCES run (id),
  branch TEXT NOT NULL,
  url TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'merged', 'closed')),
  head_commit TEXT,
  is_mergeable INTEGER CHECK (is_mergeable IN (0, 1)),
  verdict TEXT CHECK (verdict IN ('approved', 'changes_requested', 'commented')),
  checks TEXT
    CHECK (checks IN ('pending', 'success', 'error', 'failure', 'warning', 'skipped')),
  opened_at_ms INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,
  UNIQUE (repository, number)
) STRICT;

-- Those that wait for people, the newest first.
CREATE INDEX pull_request_open ON pull_request (id)
  WHERE state = 'open';

-- Those of an issue, by its runs.
CREATE INDEX pull_request_of_run ON pull_request (run);

-- A backlog that is worked off. Its state is computed from these facts.
CREATE TABLE burndown (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  cause TEXT NOT NULL UNIQUE,
  -- JSON.
  settings TEXT NOT NULL CHECK (json_valid(settings)),
  started_at_ms INTEGER NOT NULL,
  -- NULL: when the plan is done.
  until_ms INTEGER,
  -- Why nothing more is started.
  closing_reason TEXT,
  ended_at_ms INTEGER,
  report_text TEXT,
  -- What posts its report.
  report INTEGER REFERENCES report (id),
  CHECK ((ended_at_ms IS NULL) = (report_text IS NULL)),
  CHECK (report IS NULL OR ended_at_ms IS NOT NULL)
) STRICT;

-- Those that haven't ended, the newest first.
CREATE INDEX burndown_open ON burndown (id)
  WHERE ended_at_ms IS NULL;

-- An issue of a burn-down's plan.
CREATE TABLE burndown_item (
  burndown INTEGER NOT NULL REFERENCES burndown (id),
  repository TEXT NOT NULL COLLATE NOCASE,
  issue_number INTEGER NOT NULL CHECK (issue_number > 0),
  title TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 1),
  agent TEXT,
  decision TEXT NOT NULL CHECK (decision IN ('planned', 'skipped', 'started')),
  reason TEXT,
  run INTEGER REFERENCES run (id),
  PRIMARY KEY (burndown, repository, issue_number),
  CHECK ((decision = 'started') = (run IS NOT NULL)),
  CHECK (decision <> 'planned' OR agent IS NOT NULL),
  CHECK (decision <> 'skipped' OR reason IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- Issues closed together because nobody will work on them.
CREATE TABLE retirement (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  reason TEXT NOT NULL,
  label TEXT,
  at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE retirement_item (
  retirement INTEGER NOT NULL REFERENCES retirement (id),
  repository TEXT NOT NULL COLLATE NOCASE,
  issue_number INTEGER NOT NULL CHECK (issue_number > 0),
  title TEXT NOT NULL,
  position INTEGER NOT NULL CHECK (position >= 1),
  reopened_at_ms INTEGER,
  PRIMARY KEY (retirement, repository, issue_number)
) STRICT, WITHOUT ROWID;

-- What happened, for people to follow. Old ones are deleted.
CREATE TABLE event (
  -- AUTOINCREMENT: whoever follows asks for larger ones.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  repository TEXT COLLATE NOCASE,
  issue_number INTEGER,
  -- Not a reference: an event says what was so.
  run INTEGER,
  agent TEXT,
  text TEXT NOT NULL,
  CHECK ((repository IS NULL) = (issue_number IS NULL))
) STRICT;

-- The newest of a kind, an issue and an agent: is it said already?
CREATE INDEX event_repetition ON event (kind, repository, issue_number, agent, id);
