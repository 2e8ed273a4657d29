-- What was heard, a column for each thing said.
CREATE TABLE heard (
    id          TEXT PRIMARY KEY,
    site        TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    severity    TEXT NOT NULL,
    platform    TEXT NOT NULL,
    source      TEXT NOT NULL,
    observed_at TEXT NOT NULL,
    agent_id    TEXT NOT NULL,
    boot_id     TEXT NOT NULL,
    seq         INTEGER,
    start       INTEGER,          -- a digest of agent_id and boot_id, where there is a seq
    incident_id TEXT,
    expected    TEXT NOT NULL,
    actual      TEXT NOT NULL,
    controls    TEXT,             -- JSON, as the next two; null where there is nothing
    metadata    TEXT,
    more        TEXT              -- what few say: absent, details, distro, reason
) STRICT;

INSERT INTO heard
    SELECT id, site, host, check_id, status, body ->> 'severity', body ->> 'platform',
        body ->> 'source', observed_at, body ->> 'agent_id', body ->> 'boot_id', seq, NULL,
        incident_id, body ->> 'expected', body ->> 'actual', body -> 'controls',
        body -> 'metadata',
        json_object('absent', body -> 'absent', 'details', body -> 'details',
            'distro', body ->> 'distro', 'reason', body ->> 'reason')
    FROM observations ORDER BY id;

DROP TABLE observations;
ALTER TABLE heard RENAME TO observations;

-- The identity by which the repeats of an agent's events are known.  Not unique: digests may meet.
CREATE INDEX observations_identity ON observations (start, seq) WHERE start IS NOT NULL;
CREATE INDEX observations_by_age ON observations (observed_at);

-- The last answer of every host to every check, by a number that is quick to find.
CREATE TABLE last_answers (
    number      INTEGER PRIMARY KEY,
    site        TEXT NOT NULL,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    severity    TEXT NOT NULL,
    absent      INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    source      TEXT NOT NULL,
    answered_at TEXT NOT NULL,
    UNIQUE (site, host, check_id)
) STRICT;

INSERT INTO last_answers (site, host, check_id, status, severity, absent, reason, source,
    answered_at)
    SELECT site, host, check_id, status, severity, absent, reason, source, answered_at FROM answers;

DROP TABLE answers;
ALTER TABLE last_answers RENAME TO answers;
