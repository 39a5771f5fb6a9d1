-- What a token may be used for: "all", or names such as "read:issue", with commas between.
ALTER TABLE token ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN scopes TEXT NOT NULL DEFAULT 'all';
ALTER TABLE token ADD COLUMN last_eight TEXT NOT NULL DEFAULT '';

CREATE TABLE milestone (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    title         TEXT    NOT NULL CHECK (title <> ''),
    description   TEXT    NOT NULL DEFAULT '',
    is_open       INTEGER NOT NULL DEFAULT 1 CHECK (is_open IN (0, 1)),
    due_at_ms     INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    closed_at_ms  INTEGER,
    CHECK ((is_open = 1) = (closed_at_ms IS NULL))
) STRICT;

-- Serves: the milestones of a repository, and a milestone by its title.
CREATE INDEX milestone_of_repository ON milestone (repository_id, title);

ALTER TABLE issue ADD COLUMN milestone_id INTEGER REFERENCES milestone (id) ON DELETE SET NULL;
ALTER TABLE issue ADD COLUMN due_at_ms INTEGER;
ALTER TABLE issue ADD COLUMN is_locked INTEGER NOT NULL DEFAULT 0 CHECK (is_locked IN (0, 1));
-- The place among the pinned ones, from 1; 0 for one that isn't pinned.
ALTER TABLE issue ADD COLUMN pin_order INTEGER NOT NULL DEFAULT 0 CHECK (pin_order >= 0);

-- Serves: the issues of a milestone.
CREATE INDEX issue_of_milestone ON issue (milestone_id) WHERE milestone_id IS NOT NULL;

-- What happened on an issue or a pull request, comments among it: they have the same id here.
CREATE TABLE event (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id           INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    actor_id           INTEGER NOT NULL REFERENCES user (id),
    kind               TEXT    NOT NULL CHECK (kind <> ''),
    body               TEXT    NOT NULL DEFAULT '',
    label_id           INTEGER REFERENCES label (id) ON DELETE CASCADE,
    milestone_id       INTEGER REFERENCES milestone (id) ON DELETE SET NULL,
    old_milestone_id   INTEGER REFERENCES milestone (id) ON DELETE SET NULL,
    assignee_id        INTEGER REFERENCES user (id),
    -- Whether the label, the assignee or the reviewer was taken away.
    is_removed         INTEGER NOT NULL DEFAULT 0 CHECK (is_removed IN (0, 1)),
    old_title          TEXT    NOT NULL DEFAULT '',
    new_title          TEXT    NOT NULL DEFAULT '',
    old_ref            TEXT    NOT NULL DEFAULT '',
    new_ref            TEXT    NOT NULL DEFAULT '',
    -- Where this issue was named.
    ref_issue_id       INTEGER REFERENCES issue (id) ON DELETE CASCADE,
    ref_comment_id     INTEGER REFERENCES comment (id) ON DELETE CASCADE,
    ref_commit         TEXT    NOT NULL DEFAULT '',
    ref_action         TEXT    NOT NULL DEFAULT '' CHECK (ref_action IN ('', 'closes')),
    dependent_issue_id INTEGER REFERENCES issue (id) ON DELETE CASCADE,
    review_id          INTEGER REFERENCES review (id) ON DELETE CASCADE,
    created_at_ms      INTEGER NOT NULL,
    updated_at_ms      INTEGER NOT NULL
) STRICT;

-- Serves: the timeline of an issue, oldest first.
CREATE INDEX event_of_issue ON event (issue_id, id);

INSERT INTO event (id, issue_id, actor_id, kind, created_at_ms, updated_at_ms)
SELECT id, issue_id, author_id, 'comment', created_at_ms, updated_at_ms
  FROM comment;

INSERT INTO event (issue_id, actor_id, kind, review_id, created_at_ms, updated_at_ms)
SELECT issue_id, author_id, 'review', id, submitted_at_ms, updated_at_ms
  FROM review
 WHERE state NOT IN ('PENDING', 'REQUEST_REVIEW')
 ORDER BY id;

-- Who is called by "@name" in an issue's text or its comments.
CREATE TABLE mention (
    issue_id INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    PRIMARY KEY (issue_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id      INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    -- NULL for one on the issue itself.
    comment_id    INTEGER REFERENCES comment (id) ON DELETE CASCADE,
    user_id       INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    content       TEXT    NOT NULL CHECK (content IN
                      ('+1', '-1', 'laugh', 'hooray', 'confused', 'heart', 'rocket', 'eyes')),
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Serves: the reactions on an issue or a comment; nobody reacts twice in the same way.
CREATE UNIQUE INDEX reaction_of_issue
    ON reaction (issue_id, content, user_id) WHERE comment_id IS NULL;
CREATE UNIQUE INDEX reaction_of_comment
    ON reaction (comment_id, content, user_id) WHERE comment_id IS NOT NULL;

-- "issue_id" can't be closed before "blocker_id" is.
CREATE TABLE dependency (
    issue_id   INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    blocker_id INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    PRIMARY KEY (issue_id, blocker_id),
    CHECK (issue_id <> blocker_id)
) STRICT, WITHOUT ROWID;

-- Serves: what an issue blocks.
CREATE INDEX dependency_of_blocker ON dependency (blocker_id);

-- A review's comment may be another's answer, and be settled.
ALTER TABLE review_comment ADD COLUMN author_id INTEGER REFERENCES user (id);
ALTER TABLE review_comment ADD COLUMN resolver_id INTEGER REFERENCES user (id);

CREATE TABLE branch_protection (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    -- A branch's name, or a pattern with "*".
    rule_name     TEXT    NOT NULL CHECK (rule_name <> ''),
    -- A JSON object with the settings that were given, named as in Gitea's API.
    settings      TEXT    NOT NULL CHECK (json_valid(settings)),
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    UNIQUE (repository_id, rule_name)
) STRICT;

-- The branches and tags as last seen: what differs from them was pushed.
CREATE TABLE known_ref (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL,
    commit_id     TEXT    NOT NULL,
    PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;

-- Whether "known_ref" has been filled: what is there before isn't news.
ALTER TABLE repository ADD COLUMN are_refs_known INTEGER NOT NULL DEFAULT 0
    CHECK (are_refs_known IN (0, 1));

CREATE TABLE hook (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id        INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    kind                 TEXT    NOT NULL CHECK (kind IN ('gitea', 'gogs')),
    name                 TEXT    NOT NULL DEFAULT '',
    url                  TEXT    NOT NULL CHECK (url <> ''),
    content_type         TEXT    NOT NULL CHECK (content_type IN ('json', 'form')),
    secret               TEXT    NOT NULL DEFAULT '',
    authorization_header TEXT    NOT NULL DEFAULT '',
    -- Exact names of events, with blanks between.
    events               TEXT    NOT NULL,
    branch_filter        TEXT    NOT NULL DEFAULT '',
    is_active            INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at_ms        INTEGER NOT NULL,
    updated_at_ms        INTEGER NOT NULL
) STRICT;

-- Serves: the hooks of a repository.
CREATE INDEX hook_of_repository ON hook (repository_id);

-- What is to be told to a hook's address, and how that went.
CREATE TABLE delivery (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    hook_id         INTEGER NOT NULL REFERENCES hook (id) ON DELETE CASCADE,
    -- Stays the same when it's tried again: receivers know by it what they have.
    uuid            TEXT    NOT NULL UNIQUE,
    event           TEXT    NOT NULL,
    payload         TEXT    NOT NULL,
    state           TEXT    NOT NULL DEFAULT 'waiting'
                        CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempts        INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    not_before_ms   INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    -- Of the last attempt; 0 when there was no answer.
    finished_at_ms  INTEGER,
    response_status INTEGER NOT NULL DEFAULT 0,
    response_body   TEXT    NOT NULL DEFAULT '',
    error           TEXT    NOT NULL DEFAULT ''
) STRICT;

-- Serves: what is to be delivered now, in order.
CREATE INDEX delivery_waiting ON delivery (not_before_ms, id) WHERE state = 'waiting';

-- Serves: the deliveries of a hook, the newest first.
CREATE INDEX delivery_of_hook ON delivery (hook_id, id);

-- What the server knows and other programs ask for, such as its address.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
