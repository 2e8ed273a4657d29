-- What the appliance has not acked yet.
create table spool (
    id      integer primary key autoincrement,
    boot_id text not null,
    seq     integer not null,
    passed  integer not null,
    size    integer not null,     -- bytes, as the bound counts them
    untold  integer not null,     -- drops before it, of which it tells in its metadata
    body    blob not null,        -- JSON
    unique (boot_id, seq)
) strict;
create index spool_standing on spool (id, size, passed, untold);

create table ledger (
    one     integer primary key check (one = 1),
    boot_id text not null,
    seq     integer not null,     -- the last that was given within the boot
    untold  integer not null,     -- drops of which no event tells yet
    dropped integer not null      -- in all
) strict;
insert into ledger values (1, '', 0, 0, 0);

-- What the appliance told us to heal.  Kept for ever: a command is never done twice.
create table commands (
    id         text primary key,
    check_type text not null,
    success    integer,           -- null while it is being done
    reason     text not null,
    told       integer not null   -- whether the appliance has taken the outcome
) strict, without rowid;
