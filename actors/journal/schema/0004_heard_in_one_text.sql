-- What was heard: by what it is looked for in columns, and all else as one JSON text.
CREATE TABLE heard (
    id          TEXT PRIMARY KEY,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    status      TEXT NOT NULL,
    observed_at TEXT NOT NULL,
    seq         INTEGER,
    start       INTEGER,          -- a digest of agent_id and boot_id, where there is a seq
    incident_id TEXT,
    body        TEXT NOT NULL     -- what is empty is left out
) STRICT;

INSERT INTO heard
    SELECT id, host, check_id, status, observed_at, seq, start, incident_id,
        CASE WHEN more IS NULL THEN json_object(
            'actual', actual, 'agent_id', agent_id, 'boot_id', boot_id, 'expected', expected,
            'platform', platform, 'severity', severity, 'site', site, 'source', source,
            'controls', json(ifnull(controls, '[]')), 'metadata', json(ifnull(metadata, '{}')))
        ELSE json_object(
            'actual', actual, 'agent_id', agent_id, 'boot_id', boot_id, 'expected', expected,
            'platform', platform, 'severity', severity, 'site', site, 'source', source,
            'controls', json(ifnull(controls, '[]')), 'metadata', json(ifnull(metadata, '{}')),
            'absent', more -> 'absent', 'details', more -> 'details', 'distro', more ->> 'distro',
            'reason', more ->> 'reason')
        END
    FROM observations ORDER BY id;

DROP TABLE observations;
ALTER TABLE heard RENAME TO observations;

-- The identity by which the repeats of an agent's events are known.  Not unique: digests may meet.
-- There is none by age: rows stand in the order of their arrival.
CREATE INDEX observations_identity ON observations (start, seq) WHERE start IS NOT NULL;
