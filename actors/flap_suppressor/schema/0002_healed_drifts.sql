-- Drift that was healed and verified: from its instants the beat of who changes it back is read.
-- Of each drift the newest few.
create table healed_drifts (
    incident_id text primary key,
    site        text not null,
    host        text not null,
    check_name  text not null,
    changed_at  text not null,
    within_s    real,                  -- null: nobody can say
    path        text not null,
    state       text not null,
    healed_at   text not null
) strict, without rowid;

create index healed_drifts_by_drift on healed_drifts (site, host, check_name, healed_at);
