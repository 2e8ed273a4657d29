-- What agents were told, what they may do, and what they say of their hosts.
alter table agents add column healing_count integer not null default 0;
alter table agents add column told text not null default '';   -- digest of the terms; '' for none
alter table agents add column told_tier text not null default 'monitor_only';
alter table agents add column most text not null default 'self_heal';   -- that a person lets it do

create table agent_inventory (
    host_key      text primary key,   -- as in agents
    os_version    text not null,
    mac_address   text not null,
    software      text not null,      -- a JSON list
    software_told integer not null    -- entries that the agent named; the list may be shorter
) strict, without rowid;

-- Tools for remote management, as the host's last report has them.
create table rmm_agents (
    host_key   text not null,
    name       text not null,
    service    text not null,
    version    text not null,
    running    integer not null,
    first_seen text not null,
    last_seen  text not null,
    primary key (host_key, name, service)
) strict, without rowid;

-- Which person changed what an agent may do, and why.  Only ever appended to.
create table agent_changes (
    id       integer primary key,
    at       text not null,
    host_key text not null,
    most     text not null,
    who      text not null,
    reason   text not null
) strict;
