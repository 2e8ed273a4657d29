-- The programs on endpoints that said who they are.
create table agents (
    agent_id      text primary key,
    hostname      text not null,
    host_key      text not null unique,   -- the hostname case-folded: one agent for a host
    platform      text not null,
    version       text not null,
    registered_at text not null,          -- first time
    last_seen     text not null,
    drift_count   integer not null        -- as of the last heartbeat, since the one before
) strict;
