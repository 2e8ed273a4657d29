-- What was heard.  Rows of endpoint agents carry the identity that their repeats are known by.
CREATE TABLE observations (
    id          TEXT PRIMARY KEY,
    site        TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    observed_at TEXT NOT NULL,
    agent_id    TEXT,
    boot_id     TEXT,
    seq         INTEGER,
    incident_id TEXT,
    body        TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX observations_identity ON observations (agent_id, boot_id, seq)
    WHERE seq IS NOT NULL;
CREATE INDEX observations_of_incident ON observations (incident_id) WHERE incident_id IS NOT NULL;
CREATE INDEX observations_by_age ON observations (observed_at);

-- The last answer of every host to every check.
CREATE TABLE answers (
    site        TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    severity    TEXT NOT NULL,
    absent      INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    source      TEXT NOT NULL,
    answered_at TEXT NOT NULL,
    PRIMARY KEY (site, host, check_id)
) STRICT, WITHOUT ROWID;

-- Where each incident stands: the projection of its events.
CREATE TABLE incidents (
    id             TEXT PRIMARY KEY,
    site           TEXT NOT NULL,
    host           TEXT NOT NULL,
    check_id       TEXT NOT NULL,
    severity       TEXT NOT NULL,
    state          TEXT NOT NULL,
    opened_at      TEXT NOT NULL,
    moved_at       TEXT NOT NULL,
    last_seen      TEXT NOT NULL,
    observation_id TEXT NOT NULL,
    count          INTEGER NOT NULL,
    reason         TEXT NOT NULL,
    due_wall       TEXT,
    due_boot       TEXT,
    due_monotonic  REAL,
    decision       TEXT,
    attempt        INTEGER NOT NULL,
    recurred_from  TEXT,
    stalled_starts INTEGER NOT NULL
) STRICT;

-- At most one that is not settled for a drift.
CREATE UNIQUE INDEX incidents_open ON incidents (site, host, check_id)
    WHERE state NOT IN ('closed', 'recurred');
CREATE INDEX incidents_due ON incidents (due_boot, due_monotonic, due_wall)
    WHERE due_wall IS NOT NULL;
CREATE INDEX incidents_settled ON incidents (moved_at) WHERE state IN ('closed', 'recurred');

-- The trace: append-only, in the order of `seq`.
CREATE TABLE incident_events (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id TEXT NOT NULL,
    at          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    from_state  TEXT,
    to_state    TEXT,
    body        TEXT NOT NULL
) STRICT;

CREATE INDEX incident_events_of ON incident_events (incident_id, seq);

CREATE TRIGGER incident_events_stand BEFORE UPDATE ON incident_events BEGIN
    SELECT RAISE(ABORT, 'a line of a trace is never rewritten');
END;

-- A fix that is about to begin, began, or ended.
CREATE TABLE intents (
    id          TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL,
    state       TEXT NOT NULL,
    verdict     TEXT,
    moved_at    TEXT NOT NULL,
    body        TEXT NOT NULL
) STRICT;

CREATE INDEX intents_of ON intents (incident_id);
CREATE INDEX intents_unfinished ON intents (id) WHERE state <> 'finished';

-- Messages that made their room fall time and again.
CREATE TABLE dead_letters (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       TEXT NOT NULL,
    mailbox  TEXT NOT NULL,
    actor    TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    error    TEXT NOT NULL,
    message  TEXT NOT NULL
) STRICT;
