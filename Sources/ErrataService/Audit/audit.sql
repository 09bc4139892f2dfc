-- AUDIT DATABASE, version 1: who did what, as tables that anybody can query.
--
-- It follows from the journal and its event log, and holds no text of facts: they appear by id alone, so what
-- is redacted was never here. Commit messages, branch names and author names are here. Deleting the directory
-- `audit` while the daemon is down loses nothing; the daemon makes the same tables again.
--
-- Ids and hashes are lower-case hex. Times are UTC, RFC 3339 with six digits of fraction, so they sort as
-- text and SQLite's date functions read them. Columns that hold JSON say so.

-- Every operation of the journal, numbered from 0 without a gap.
CREATE TABLE operations (
    sequence     INTEGER PRIMARY KEY,  -- the number that @1234 names
    time         TEXT NOT NULL,        -- strictly increasing with the sequence
    type         TEXT NOT NULL,        -- commit, revert, rollback, branchCreate, tagCreate, model, ...
    name         TEXT,                 -- the branch, tag or model
    commit_id    TEXT,                 -- what the name points at since
    from_commit  TEXT,                 -- what it pointed at before
    uid          INTEGER NOT NULL,     -- who, as the kernel said: user, group and process
    gid          INTEGER NOT NULL,
    groups       TEXT NOT NULL,        -- JSON: supplementary groups, ascending
    user         TEXT,                 -- the user's name at that time
    pid          INTEGER NOT NULL,
    socket       TEXT,                 -- the socket that the request came through; null for the daemon itself
    author       TEXT,                 -- who the client said wrote it
    message      TEXT,
    detail       TEXT,                 -- JSON: what else the operation says, null if nothing
    root         TEXT NOT NULL         -- the Merkle root of the operations before it
) STRICT;
CREATE INDEX operations_by_uid ON operations (uid);
CREATE INDEX operations_by_user ON operations (user);
CREATE INDEX operations_by_author ON operations (author);
CREATE INDEX operations_by_type ON operations (type);

-- The operations that wrote a commit, from the commit's side.
CREATE TABLE commits (
    sequence     INTEGER PRIMARY KEY,
    id           TEXT NOT NULL,
    parents      TEXT NOT NULL,        -- JSON: commit ids, first parent first
    reverts      TEXT NOT NULL,        -- JSON: the commits that it takes back
    generation   INTEGER NOT NULL,     -- how many first parents lie behind it
    author       TEXT,
    message      TEXT NOT NULL,
    time         TEXT NOT NULL,
    edit_count   INTEGER NOT NULL,
    fact_count   INTEGER NOT NULL,     -- facts believed after it
    root         TEXT NOT NULL,        -- the hash of the whole set of facts after it
    folded       TEXT NOT NULL         -- the message in lower case, to search in
) STRICT;
CREATE UNIQUE INDEX commits_by_id ON commits (id);
CREATE INDEX commits_by_author ON commits (author);

-- The lines from commits to their parents; position 0 is the first parent.
CREATE TABLE parents (
    sequence         INTEGER NOT NULL,
    position         INTEGER NOT NULL,
    parent_sequence  INTEGER NOT NULL,
    parent_id        TEXT NOT NULL,
    PRIMARY KEY (sequence, position)
) STRICT, WITHOUT ROWID;

-- What commits changed, against their first parent.
CREATE TABLE edits (
    sequence  INTEGER NOT NULL,        -- of the commit
    fact_id   TEXT NOT NULL,
    kind      TEXT NOT NULL,           -- assert, revise or retract
    old_leaf  TEXT,                    -- a name for the value before, which tells nothing of it
    new_leaf  TEXT,                    -- equal leaves are equal values of the same fact
    PRIMARY KEY (sequence, fact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX edits_by_fact ON edits (fact_id);

-- Where branches and tags were put, from `sequence` on.
CREATE TABLE reflog (
    sequence     INTEGER NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,        -- branch or tag
    commit_id    TEXT,                 -- null where the name was deleted
    from_commit  TEXT,                 -- null where it is new
    PRIMARY KEY (sequence, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX reflog_by_name ON reflog (name);

-- The branches and tags that are there now.
CREATE VIEW names AS
    SELECT name, kind, commit_id, max(sequence) AS sequence FROM reflog
    GROUP BY name HAVING commit_id IS NOT NULL;

-- What was asked, answered, read and refused beside the operations.
CREATE TABLE events (
    sequence   INTEGER PRIMARY KEY,    -- of the event log, which counts on its own
    time       TEXT NOT NULL,
    kind       TEXT NOT NULL,          -- receipt, read, refusal, ...
    uid        INTEGER NOT NULL,
    gid        INTEGER NOT NULL,
    groups     TEXT NOT NULL,          -- JSON
    user       TEXT,
    pid        INTEGER NOT NULL,
    socket     TEXT,
    receipt    TEXT,                   -- the receipt's id
    route      TEXT,                   -- as in 'GET /v1/facts'
    code       TEXT,                   -- why it was refused
    revision   TEXT,                   -- the version as the client wrote it
    commit_id  TEXT,                   -- the version as it was read
    detail     TEXT                    -- JSON
) STRICT;
CREATE INDEX events_by_kind ON events (kind);
CREATE INDEX events_by_uid ON events (uid);

-- Of the daemon's own, not readable with SQL: where it goes on, and which facts are about a subject, by a
-- digest of the name under the store's secret.
CREATE TABLE projection (
    name   TEXT PRIMARY KEY,
    value  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE subjects (
    digest   BLOB NOT NULL,
    fact_id  TEXT NOT NULL,
    PRIMARY KEY (digest, fact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX subjects_by_fact ON subjects (fact_id);
