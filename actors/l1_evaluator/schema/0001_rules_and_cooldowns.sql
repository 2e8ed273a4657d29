-- Every rule set that decided, by the hash of its content.
CREATE TABLE rule_sets (
    version    TEXT PRIMARY KEY,
    content    TEXT NOT NULL,
    first_used TEXT NOT NULL
) STRICT;

-- A rule resting for a host.  An event without a host has a key of its own.
CREATE TABLE cooldowns (
    rule_id           TEXT NOT NULL,
    host              TEXT,
    incident_id       TEXT NOT NULL,
    started_wall      TEXT NOT NULL,
    started_boot      TEXT NOT NULL,
    started_monotonic REAL NOT NULL,
    seconds           REAL NOT NULL
) STRICT;

CREATE UNIQUE INDEX cooldowns_key ON cooldowns (rule_id, host IS NULL, ifnull(host, ''));
