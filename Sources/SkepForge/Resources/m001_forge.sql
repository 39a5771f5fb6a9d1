CREATE TABLE user (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL COLLATE NOCASE UNIQUE CHECK (name <> ''),
    full_name     TEXT    NOT NULL DEFAULT '',
    is_admin      INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Only hashes are kept; a token is shown once, when it's made.
CREATE TABLE token (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    hash          TEXT    NOT NULL UNIQUE CHECK (length(hash) = 64),
    created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE repository (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_id       INTEGER NOT NULL REFERENCES user (id),
    name           TEXT    NOT NULL COLLATE NOCASE CHECK (name <> ''),
    description    TEXT    NOT NULL DEFAULT '',
    default_branch TEXT    NOT NULL,
    is_private     INTEGER NOT NULL DEFAULT 0 CHECK (is_private IN (0, 1)),
    -- The number of the next issue or pull request: they share one count.
    next_number    INTEGER NOT NULL DEFAULT 1 CHECK (next_number >= 1),
    created_at_ms  INTEGER NOT NULL,
    updated_at_ms  INTEGER NOT NULL,
    UNIQUE (owner_id, name)
) STRICT;

CREATE TABLE collaborator (
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    user_id       INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    permission    TEXT    NOT NULL CHECK (permission IN ('read', 'write', 'admin')),
    PRIMARY KEY (repository_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE label (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name          TEXT    NOT NULL CHECK (name <> ''),
    color         TEXT    NOT NULL CHECK (length(color) = 6),
    description   TEXT    NOT NULL DEFAULT '',
    is_exclusive  INTEGER NOT NULL DEFAULT 0 CHECK (is_exclusive IN (0, 1)),
    is_archived   INTEGER NOT NULL DEFAULT 0 CHECK (is_archived IN (0, 1))
) STRICT;

-- Serves: the labels of a repository, and a label by its name.
CREATE INDEX label_of_repository ON label (repository_id, name);

-- Issues and pull requests; a pull request has a row in "pull" too.
CREATE TABLE issue (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id   INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    number          INTEGER NOT NULL CHECK (number >= 1),
    is_pull         INTEGER NOT NULL CHECK (is_pull IN (0, 1)),
    title           TEXT    NOT NULL CHECK (title <> ''),
    body            TEXT    NOT NULL DEFAULT '',
    author_id       INTEGER NOT NULL REFERENCES user (id),
    is_open         INTEGER NOT NULL DEFAULT 1 CHECK (is_open IN (0, 1)),
    content_version INTEGER NOT NULL DEFAULT 0,
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    closed_at_ms    INTEGER,
    UNIQUE (repository_id, number),
    CHECK ((is_open = 1) = (closed_at_ms IS NULL))
) STRICT;

-- Serves: the open issues of a repository, the newest first.
CREATE INDEX issue_list ON issue (repository_id, is_open, number);

CREATE TABLE issue_label (
    issue_id INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES label (id) ON DELETE CASCADE,
    PRIMARY KEY (issue_id, label_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE issue_assignee (
    issue_id INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    user_id  INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    PRIMARY KEY (issue_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE comment (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id      INTEGER NOT NULL REFERENCES issue (id) ON DELETE CASCADE,
    author_id     INTEGER NOT NULL REFERENCES user (id),
    body          TEXT    NOT NULL,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL
) STRICT;

-- Serves: the comments of an issue, oldest first.
CREATE INDEX comment_of_issue ON comment (issue_id, id);

CREATE TABLE pull (
    issue_id      INTEGER PRIMARY KEY REFERENCES issue (id) ON DELETE CASCADE,
    head_branch   TEXT NOT NULL,
    base_branch   TEXT NOT NULL,
    -- The head as last seen; refs/pull/<number>/head keeps its commits.
    head_commit   TEXT NOT NULL,
    -- Where the head left the base: fixed when the pull request is closed or merged.
    base_commit   TEXT NOT NULL,
    merge_commit  TEXT,
    merged_at_ms  INTEGER,
    merged_by     INTEGER REFERENCES user (id),
    CHECK ((merge_commit IS NULL) = (merged_at_ms IS NULL)),
    CHECK ((merged_by IS NULL) = (merged_at_ms IS NULL))
) STRICT;

CREATE TABLE review (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id        INTEGER NOT NULL REFERENCES pull (issue_id) ON DELETE CASCADE,
    author_id       INTEGER NOT NULL REFERENCES user (id),
    state           TEXT    NOT NULL CHECK (state IN
                        ('APPROVED', 'PENDING', 'COMMENT', 'REQUEST_CHANGES', 'REQUEST_REVIEW')),
    body            TEXT    NOT NULL DEFAULT '',
    commit_id       TEXT    NOT NULL,
    is_dismissed    INTEGER NOT NULL DEFAULT 0 CHECK (is_dismissed IN (0, 1)),
    submitted_at_ms INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL
) STRICT;

-- Serves: the reviews of a pull request, oldest first.
CREATE INDEX review_of_pull ON review (issue_id, id);

CREATE TABLE review_comment (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    review_id     INTEGER NOT NULL REFERENCES review (id) ON DELETE CASCADE,
    path          TEXT    NOT NULL,
    body          TEXT    NOT NULL,
    -- Line numbers of the file, from 1; 0 where the comment is on the other side.
    old_line      INTEGER NOT NULL CHECK (old_line >= 0),
    new_line      INTEGER NOT NULL CHECK (new_line >= 0),
    commit_id     TEXT    NOT NULL,
    diff_hunk     TEXT    NOT NULL DEFAULT '',
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Serves: the comments of a review, oldest first.
CREATE INDEX review_comment_of_review ON review_comment (review_id, id);

CREATE TABLE status (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    repository_id INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    commit_id     TEXT    NOT NULL,
    context       TEXT    NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN
                      ('pending', 'success', 'error', 'failure', 'warning', 'skipped')),
    description   TEXT    NOT NULL DEFAULT '',
    target_url    TEXT    NOT NULL DEFAULT '',
    creator_id    INTEGER NOT NULL REFERENCES user (id),
    created_at_ms INTEGER NOT NULL
) STRICT;

-- Serves: the statuses of a commit, the newest first.
CREATE INDEX status_of_commit ON status (repository_id, commit_id, id);
