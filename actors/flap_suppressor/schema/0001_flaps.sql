-- Drift that came back after a verified fix.  Each incident counts once.
create table recurrences (
    incident_id  text primary key,
    site         text not null,
    host         text not null,
    check_name   text not null,
    at_wall      text not null,
    at_boot      text not null,
    at_monotonic real not null,
    forgotten    integer not null default 0   -- 1 when a suppression over it ended
) strict, without rowid;

create index recurrences_by_drift on recurrences (site, host, check_name);

-- Healing that is held back.  An empty check stands for every check of the host.
create table suppressions (
    id               text primary key,
    kind             text not null check (kind in ('flap', 'operator')),
    site             text not null,
    host             text not null,
    check_name       text not null,
    opened_wall      text not null,
    opened_boot      text not null,
    opened_monotonic real not null,
    until_wall       text,
    until_boot       text,
    until_monotonic  real,
    ended_at         text
) strict, without rowid;

create unique index suppressions_standing on suppressions (site, host, check_name)
    where ended_at is null;

create table suppression_history (
    suppression_id text not null references suppressions (id) on delete cascade,
    line           integer not null,
    at             text not null,
    what           text not null check (what in ('opened', 'extended', 'lifted', 'expired')),
    who            text not null,
    reason         text not null,
    until          text,
    primary key (suppression_id, line)
) strict, without rowid;

-- Whom a suppression held back: decided again when it ends.
create table suppressed_incidents (
    suppression_id text not null references suppressions (id) on delete cascade,
    incident_id    text not null,
    primary key (suppression_id, incident_id)
) strict, without rowid;
