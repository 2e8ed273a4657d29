-- A first answer is written with what it says: no row is ever empty, and none replaces another.
DROP TRIGGER answers_first;
DROP TRIGGER answers_next;

CREATE TRIGGER answers_first AFTER INSERT ON answers WHEN NEW.status <> 'fail' BEGIN
    INSERT INTO statement_due
        (after, at, proves, kind, body, site, host, check_id, was, now, severity)
    VALUES (
        ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'incident_events'), 0),
        NEW.answered_at, 'check', 'answer_changed',
        CASE NEW.reason WHEN '' THEN json_object('source', NEW.source)
            ELSE json_object('source', NEW.source, 'reason', NEW.reason) END,
        NEW.site, NEW.host, NEW.check_id, NULL, NEW.status, NEW.severity
    );
END;

CREATE TRIGGER answers_next AFTER UPDATE OF status ON answers WHEN NEW.status <> OLD.status BEGIN
    INSERT INTO statement_due
        (after, at, proves, kind, body, site, host, check_id, was, now, severity)
    VALUES (
        ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'incident_events'), 0),
        NEW.answered_at, 'check', 'answer_changed',
        CASE NEW.reason WHEN '' THEN json_object('source', NEW.source)
            ELSE json_object('source', NEW.source, 'reason', NEW.reason) END,
        NEW.site, NEW.host, NEW.check_id, OLD.status, NEW.status, NEW.severity
    );
END;
