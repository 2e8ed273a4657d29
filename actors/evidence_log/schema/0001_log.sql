-- The logs of the site, one after the other; the last is being written.
CREATE TABLE evidence_logs (
    number   INTEGER PRIMARY KEY,
    origin   TEXT NOT NULL UNIQUE,
    begun_at TEXT NOT NULL,
    size     INTEGER NOT NULL,
    purged   INTEGER NOT NULL
) STRICT;

-- The public keys that signed, each from a leaf of a log on; the last signs now.
CREATE TABLE evidence_keys (
    number      INTEGER PRIMARY KEY,
    public      BLOB NOT NULL,
    fingerprint TEXT NOT NULL,
    log         INTEGER NOT NULL,
    since_leaf  INTEGER NOT NULL,
    since       TEXT NOT NULL
) STRICT;

-- Up to which line of all traces everything is proved, and why nothing is signed any more, if so.
CREATE TABLE evidence_state (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    line    INTEGER NOT NULL,
    stopped TEXT NOT NULL
) STRICT;

INSERT INTO evidence_state VALUES (1, 0, '');

-- What must be proved beside the traces; `after` is the line of all traces before it.
CREATE TABLE statement_due (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    after    INTEGER NOT NULL,
    at       TEXT NOT NULL,
    proves   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    body     TEXT NOT NULL,
    site     TEXT NOT NULL,
    host     TEXT NOT NULL,
    check_id TEXT NOT NULL,
    was      TEXT,
    now      TEXT,
    severity TEXT NOT NULL DEFAULT ''
) STRICT;

-- The journal's last answers: one that changes is owed, in its own commit.  That a check fails when
-- it is asked first opens an incident, whose trace says so.  An empty one was not given yet.
CREATE TRIGGER answers_first BEFORE INSERT ON answers
WHEN NEW.status <> '' AND NEW.status <> ifnull((
    SELECT status FROM answers
    WHERE site = NEW.site AND host = NEW.host AND check_id = NEW.check_id
), 'fail') BEGIN
    INSERT INTO statement_due
        (after, at, proves, kind, body, site, host, check_id, was, now, severity)
    VALUES (
        ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'incident_events'), 0),
        NEW.answered_at, 'check', 'answer_changed',
        CASE NEW.reason WHEN '' THEN json_object('source', NEW.source)
            ELSE json_object('source', NEW.source, 'reason', NEW.reason) END,
        NEW.site, NEW.host, NEW.check_id,
        (
            SELECT status FROM answers
            WHERE site = NEW.site AND host = NEW.host AND check_id = NEW.check_id
        ),
        NEW.status, NEW.severity
    );
END;

CREATE TRIGGER answers_next BEFORE UPDATE OF status ON answers
WHEN NEW.status <> OLD.status AND NOT (OLD.status = '' AND NEW.status = 'fail') BEGIN
    INSERT INTO statement_due
        (after, at, proves, kind, body, site, host, check_id, was, now, severity)
    VALUES (
        ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'incident_events'), 0),
        NEW.answered_at, 'check', 'answer_changed',
        CASE NEW.reason WHEN '' THEN json_object('source', NEW.source)
            ELSE json_object('source', NEW.source, 'reason', NEW.reason) END,
        NEW.site, NEW.host, NEW.check_id,
        nullif(OLD.status, ''), NEW.status, NEW.severity
    );
END;

-- The leaves: an envelope is rebuilt from payload, keys and signatures.  A purged one has no payload.
CREATE TABLE statements (
    log         INTEGER NOT NULL,
    leaf        INTEGER NOT NULL,
    proves      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    incident_id TEXT,
    host        TEXT NOT NULL,
    check_id    TEXT NOT NULL,
    at          TEXT NOT NULL,
    logged_at   TEXT NOT NULL,
    payload     BLOB,
    keys        TEXT NOT NULL,
    signatures  BLOB NOT NULL,
    PRIMARY KEY (log, leaf)
) STRICT;

CREATE INDEX statements_of_incident ON statements (incident_id) WHERE incident_id IS NOT NULL;

CREATE TRIGGER statements_stand BEFORE UPDATE ON statements WHEN NEW.payload IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'a statement is never rewritten');
END;

-- The tree over the leaves, in tiles of 256 hashes; only the last one of a level still grows.
CREATE TABLE evidence_tiles (
    log   INTEGER NOT NULL,
    level INTEGER NOT NULL,
    place INTEGER NOT NULL,
    data  BLOB NOT NULL,
    PRIMARY KEY (log, level, place)
) STRICT;

CREATE TRIGGER evidence_tiles_stand BEFORE UPDATE ON evidence_tiles
WHEN substr(NEW.data, 1, length(OLD.data)) <> OLD.data BEGIN
    SELECT RAISE(ABORT, 'a hash of the log is never rewritten');
END;

-- The heads that were signed.
CREATE TABLE evidence_heads (
    log       INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    root      BLOB NOT NULL,
    note      BLOB NOT NULL,
    signed_at TEXT NOT NULL,
    PRIMARY KEY (log, size)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER evidence_heads_stand BEFORE UPDATE ON evidence_heads BEGIN
    SELECT RAISE(ABORT, 'a signed head is never rewritten');
END;
