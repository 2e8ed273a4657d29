-- One row for each runbook that ever failed, or probed, on a host.
create table breakers (
    key              text primary key,   -- site/host/runbook
    site             text not null,
    host             text not null,
    runbook_id       text not null,
    failures         integer not null,   -- in a row
    opened_wall      text,               -- null while closed
    opened_boot      text,
    opened_monotonic real,
    probe            text,               -- the incident that may try while it is open
    probed_wall      text,
    probed_boot      text,
    probed_monotonic real
) strict, without rowid;

create table breaker_history (
    key    text not null references breakers (key) on delete cascade,
    line   integer not null,
    at     text not null,
    what   text not null check (what in ('opened', 'closed', 'reset')),
    who    text not null,
    reason text not null,
    primary key (key, line)
) strict, without rowid;

-- Fixes that were let through: what budgets count.
create table fix_runs (
    incident_id     text not null,
    attempt         integer not null,
    site            text not null,
    host            text not null,
    rule_id         text not null,
    rule_hash       text not null,
    runbook_id      text not null,
    runbook_hash    text not null,
    host_limit      integer not null,
    approved_by     text not null,       -- empty for an automatic run
    begun_wall      text not null,
    begun_boot      text not null,
    begun_monotonic real not null,
    verdict         text,                -- null until it ended
    primary key (incident_id, attempt)
) strict, without rowid;

create index fix_runs_by_rule on fix_runs (rule_id);
create index fix_runs_by_runbook on fix_runs (runbook_id, host);

-- The first host of a rule and a runbook as they are written today.
create table canaries (
    recipe          text primary key,
    incident_id     text not null,
    host            text not null,
    begun_wall      text not null,
    begun_boot      text not null,
    begun_monotonic real not null,
    proven          integer not null
) strict, without rowid;

create table approvals (
    incident_id       text primary key,
    plan              text not null,     -- rule, runbook and params that the question is about
    asked_at          text not null,
    granted_wall      text,
    granted_boot      text,
    granted_monotonic real,
    who               text not null,
    reason            text not null,
    over              text               -- the refusal that the yes lifted
) strict, without rowid;

-- Refused incidents that a breaker or a canary may set free before their time.
create table gate_waiting (
    incident_id text primary key,
    waits_on    text not null,
    since       text not null
) strict, without rowid;

create index gate_waiting_on on gate_waiting (waits_on);
