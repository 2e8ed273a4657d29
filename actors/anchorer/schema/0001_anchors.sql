-- Batches of checkpoints, each under one Merkle root; the root is its name.
create table anchor_batches (
    number             integer primary key autoincrement,
    batch              text not null unique,   -- the root in hex
    quorum             integer not null,   -- calendars that shall promise
    made_wall          text not null,
    made_boot          text not null,
    made_monotonic     real not null,
    answered_wall      text,               -- when the first calendar promised
    answered_boot      text,
    answered_monotonic real
) strict;

-- The checkpoints of a batch, and the operations that lead from each to the root.
create table anchor_members (
    log   integer not null,
    size  integer not null,
    batch text not null references anchor_batches (batch),
    note  blob not null,
    path  blob not null,
    primary key (log, size)
) strict, without rowid;

create index anchor_members_of_batch on anchor_members (batch);

create trigger anchor_members_stand before update on anchor_members begin
    select raise(abort, 'a checkpoint stays in its batch');
end;

-- What each calendar was asked, has promised, and has kept.
create table anchor_promises (
    batch         text not null references anchor_batches (batch),
    calendar      text not null,
    stage         text not null check (stage in ('submitted', 'pending', 'anchored', 'verified')),
    wanted        integer not null,        -- 0: nothing more is asked of it for this batch
    promised      blob,                    -- operations and attestations from the root on
    grown         blob,                    -- the same with a block of Bitcoin at its end
    height        integer,
    block_time    text,
    header        blob,
    header_source text not null,
    attempts      integer not null,
    due_wall      text not null,
    due_boot      text not null,
    due_monotonic real not null,
    error         text not null,           -- a code: why the last attempt failed
    primary key (batch, calendar)
) strict, without rowid;

create index anchor_promises_due on anchor_promises (calendar, due_wall) where wanted = 1;

create trigger anchor_promises_stand before update on anchor_promises
when old.stage = 'verified' and (new.stage <> 'verified' or new.grown <> old.grown
                                 or new.header <> old.header) begin
    select raise(abort, 'a verified anchor is never rewritten');
end;
