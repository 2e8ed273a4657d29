-- What agents were told to heal, and what they said of it.  Kept as long as its incident may ask.
create table heal_orders (
    id         text primary key,
    host       text not null,     -- case-folded
    check_type text not null,
    action     text not null,
    deadline   text not null,
    success    integer            -- null until the agent confirms it
) strict, without rowid;
