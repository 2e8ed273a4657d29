-- Exact actions, with all their attempts counted.
create table patterns (
    id          text primary key,
    signature   text not null,
    check_name  text not null,
    platform    text not null,
    kind        text not null,   -- of the answer, in words of a closed list
    runbook_id  text not null,
    params      text not null,
    healed      integer not null default 0,
    failed      integer not null default 0,
    rolled_back integer not null default 0,
    unknown     integer not null default 0,
    clean_run   integer not null default 0,
    first_at    text not null,
    last_at     text not null
) strict, without rowid;

-- Each attempt counts once, however often its verdict is told.
create table pattern_attempts (
    incident_id text not null,
    attempt     integer not null,
    pattern_id  text not null references patterns (id),
    site        text not null,
    host        text not null,
    severity    text not null,
    source      text not null,
    decided_by  text not null check (decided_by in ('plan', 'rule')),
    verdict     text not null check (verdict in ('healed', 'failed', 'rolled_back', 'unknown')),
    at          text not null,
    primary key (incident_id, attempt)
) strict, without rowid;

create index pattern_attempts_of on pattern_attempts (pattern_id, verdict, host);

-- Where each pattern stands that was ever proposed.
create table promotions (
    pattern_id      text primary key references patterns (id),
    stage           text not null
        check (stage in ('proposed', 'shadow', 'canary', 'active', 'retired')),
    mode            text not null check (mode in ('approve', 'auto')),
    since_wall      text not null,
    since_boot      text not null,
    since_monotonic real not null,
    until_wall      text,
    until_boot      text,
    until_monotonic real,
    entered         text not null,   -- JSON: the tally when it entered the stage
    reason          text not null,
    in_force        text not null,   -- the rule set in which its rule was found to decide
    rule            text not null    -- the file as it must stand; empty where none must
) strict, without rowid;

-- Every change of every promotion.
create table promotion_ledger (
    seq        integer primary key autoincrement,
    pattern_id text not null references patterns (id),
    at         text not null,
    what       text not null,
    from_stage text,
    to_stage   text not null,
    who        text not null,
    why        text not null,
    numbers    text not null
) strict;

create index promotion_ledger_of on promotion_ledger (pattern_id, seq);

create trigger promotion_ledger_stands before update on promotion_ledger begin
    select raise(abort, 'a line of the ledger is never rewritten');
end;

create trigger promotion_ledger_stays before delete on promotion_ledger begin
    select raise(abort, 'a line of the ledger is never removed');
end;
