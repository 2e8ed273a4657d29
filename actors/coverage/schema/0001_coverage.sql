-- What was observed, and so what was not.  Instants and durations are whole milliseconds, UTC.

-- How far each start of an agent was heard; what is missing below stands in lost_events.
CREATE TABLE boots (
    agent_id TEXT NOT NULL,
    boot_id  TEXT NOT NULL,
    host     TEXT NOT NULL,
    last_seq INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (agent_id, boot_id)
) STRICT, WITHOUT ROWID;

-- Events that an agent numbered and nobody heard: first to last, lost between two instants.
CREATE TABLE lost_events (
    agent_id  TEXT NOT NULL,
    boot_id   TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    began     INTEGER NOT NULL,
    ended     INTEGER NOT NULL,
    PRIMARY KEY (agent_id, boot_id, first_seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX lost_events_by_age ON lost_events (ended);

-- Until when each check of each host was observed, since the account of it began.
CREATE TABLE watched (
    site        TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    source      TEXT NOT NULL,
    interval_ms INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    last_at     INTEGER,           -- null: it never was
    unanswered  INTEGER NOT NULL,  -- answers since then that observed nothing
    reason      TEXT NOT NULL,     -- of the last of them
    heard_at    INTEGER NOT NULL,  -- of the last answer of any kind, or before last_at
    retired_at  INTEGER,           -- nobody asks any more
    PRIMARY KEY (site, host, check_id)
) STRICT, WITHOUT ROWID;

-- Two observations in a row that are further apart than they should be.
CREATE TABLE holes (
    site        TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    began       INTEGER NOT NULL,
    ended       INTEGER NOT NULL,
    interval_ms INTEGER NOT NULL,
    cause       TEXT NOT NULL,
    reason      TEXT NOT NULL,
    PRIMARY KEY (site, host, check_id, began)
) STRICT, WITHOUT ROWID;

CREATE INDEX holes_by_age ON holes (ended);

-- When the appliance itself was not there.
CREATE TABLE outages (
    began INTEGER PRIMARY KEY,
    ended INTEGER NOT NULL
) STRICT;

-- Its last sign of life; one row.
CREATE TABLE alive (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at   INTEGER NOT NULL
) STRICT;
