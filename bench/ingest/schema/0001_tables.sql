-- Of the store `bare`.
CREATE TABLE bare (
    id   TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Of the store `least`.
CREATE TABLE events (
    agent_id    TEXT NOT NULL,
    boot_id     TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    id          TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    observed_at TEXT NOT NULL,
    expected    TEXT NOT NULL,
    actual      TEXT NOT NULL,
    PRIMARY KEY (agent_id, boot_id, seq)
) STRICT;

CREATE TABLE drifts (
    id        TEXT PRIMARY KEY,
    host      TEXT NOT NULL,
    check_id  TEXT NOT NULL,
    severity  TEXT NOT NULL,
    rule_id   TEXT,             -- by which L1 decides
    opened_at TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    count     INTEGER NOT NULL, -- events of it
    UNIQUE (host, check_id)
) STRICT;
