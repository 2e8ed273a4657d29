-- By when a person must have done something about a ticket, and how often nobody had.
-- A ticket of before has no instant; it gets one as soon as the clock of promises starts.

alter table tickets add column due_wall text;
alter table tickets add column due_boot text;
alter table tickets add column due_monotonic real;
alter table tickets add column late integer not null default 0;

create index tickets_due on tickets (due_boot, due_monotonic) where state <> 'resolved';
create index tickets_late on tickets (late) where state <> 'resolved';

-- A history that knows one more word: late.
create table ticket_lines (
    ticket_id   text not null references tickets (id) on delete cascade,
    line        integer not null,
    at          text not null,
    what        text not null check (what in ('opened', 'raised', 'late', 'acked', 'resolved')),
    who         text not null,
    note        text not null,
    primary key (ticket_id, line)
) strict, without rowid;

insert into ticket_lines select ticket_id, line, at, what, who, note from ticket_history;
drop table ticket_history;
alter table ticket_lines rename to ticket_history;

-- In which order a channel brings what it owes about one ticket; whether it may have been brought
-- already, unheard; and what the other side gave back, by which it is found again.
alter table deliveries add column number integer not null default 0;
alter table deliveries add column begun integer not null default 0;
alter table deliveries add column receipt text not null default '';

drop index deliveries_waiting;
create index deliveries_waiting on deliveries (channel, due_boot, due_monotonic)
    where sent_at is null and dead_at is null;
create index deliveries_dead on deliveries (ticket_id) where dead_at is not null;
