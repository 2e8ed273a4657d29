-- The starts of agents that were heard, and how far.  Instants are whole milliseconds since 1970.
CREATE TABLE starts (
    agent_id TEXT NOT NULL,
    boot_id  TEXT NOT NULL,
    number   INTEGER NOT NULL,  -- under which its observations are found
    host     TEXT NOT NULL,
    last_seq INTEGER NOT NULL,  -- the highest number that was heard
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (agent_id, boot_id)
) STRICT, WITHOUT ROWID;

INSERT INTO starts
    SELECT agent_id, boot_id, row_number() OVER (ORDER BY came), host, last_seq, first_at, last_at
    FROM (
        SELECT body ->> 'agent_id' AS agent_id, body ->> 'boot_id' AS boot_id, min(rowid) AS came,
            max(host) AS host, max(seq) AS last_seq,
            CAST(round((julianday(min(observed_at)) - 2440587.5) * 86400000) AS INTEGER) AS first_at,
            CAST(round((julianday(max(observed_at)) - 2440587.5) * 86400000) AS INTEGER) AS last_at
        FROM observations
        WHERE seq IS NOT NULL AND body ->> 'agent_id' <> '' AND body ->> 'boot_id' <> ''
        GROUP BY 1, 2
    );

-- A number that counts on, in the place of a digest: its entries stand together in the index.
DROP INDEX observations_identity;
UPDATE observations SET start = (
    SELECT number FROM starts
    WHERE agent_id = body ->> 'agent_id' AND boot_id = body ->> 'boot_id'
) WHERE seq IS NOT NULL;
CREATE INDEX observations_identity ON observations (start, seq) WHERE start IS NOT NULL;
