-- By a number that is quick to find.
CREATE TABLE watched_checks (
    number      INTEGER PRIMARY KEY,
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
    UNIQUE (site, host, check_id)
) STRICT;

INSERT INTO watched_checks (site, host, check_id, source, interval_ms, since, last_at, unanswered,
    reason, heard_at, retired_at)
    SELECT site, host, check_id, source, interval_ms, since, last_at, unanswered, reason, heard_at,
        retired_at FROM watched;

DROP TABLE watched;
ALTER TABLE watched_checks RENAME TO watched;
