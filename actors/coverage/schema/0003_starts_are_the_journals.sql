-- How far each start of an agent was heard stands in the journal's table `starts`.
INSERT INTO starts
    SELECT agent_id, boot_id,
        (SELECT ifnull(max(number), 0) FROM starts) + row_number() OVER (ORDER BY first_at),
        host, last_seq, first_at, last_at
    FROM boots WHERE true
    ON CONFLICT (agent_id, boot_id) DO UPDATE SET
        host = excluded.host,
        last_seq = max(last_seq, excluded.last_seq),
        first_at = min(first_at, excluded.first_at),
        last_at = max(last_at, excluded.last_at);

DROP TABLE boots;
