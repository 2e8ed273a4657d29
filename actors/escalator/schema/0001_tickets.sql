-- What people are told.  At most one unresolved ticket for a cause: (kind of stop, key).

create table tickets (
    id          text primary key,
    kind        text not null,
    key         text not null,
    state       text not null check (state in ('open', 'acked', 'resolved')),
    severity    text not null,
    reason      text not null,
    host        text not null,
    check_name  text not null,
    rule_id     text not null,
    runbook_id  text not null,
    opened_at   text not null,
    moved_at    text not null
) strict;

create unique index tickets_unresolved on tickets (kind, key) where state <> 'resolved';

-- What a ticket is about: each incident once, with what the rule would have done or did.
create table ticket_incidents (
    ticket_id   text not null references tickets (id) on delete cascade,
    incident_id text not null,
    host        text not null,
    check_name  text not null,
    rule_id     text not null,
    runbook_id  text not null,
    reason      text not null,
    added_at    text not null,
    settled_at  text,
    primary key (ticket_id, incident_id)
) strict, without rowid;

create index ticket_incidents_by_incident on ticket_incidents (incident_id);

create table ticket_history (
    ticket_id   text not null references tickets (id) on delete cascade,
    line        integer not null,
    at          text not null,
    what        text not null check (what in ('opened', 'raised', 'acked', 'resolved')),
    who         text not null,
    note        text not null,
    primary key (ticket_id, line)
) strict, without rowid;

-- The outbox: one row for each time that one channel owes a person one ticket.
create table deliveries (
    ticket_id     text not null references tickets (id) on delete cascade,
    channel       text not null,
    occasion      text not null,   -- opened, or the severity it was raised to
    attempts      integer not null,
    due_wall      text not null,
    due_boot      text not null,
    due_monotonic real not null,
    sent_at       text,
    dead_at       text,
    error         text not null,   -- a code: why the last attempt failed
    primary key (ticket_id, channel, occasion)
) strict, without rowid;

create index deliveries_waiting on deliveries (channel)
    where sent_at is null and dead_at is null;
