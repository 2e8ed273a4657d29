-- One-time tokens.  The token itself is known to whoever was given it alone.
create table invitations (
    token_sha256 text primary key,
    site         text not null,
    host         text not null,       -- case-folded, as in all tables here
    invited_at   text not null,
    expires_at   text not null,
    who          text not null,
    spent_at     text,
    serial       text                 -- of the certificate for which it was spent, in one commit
) strict;

create index invitations_by_host on invitations (host, invited_at);

-- Times in which agents without an invitation may enrol; one at a time is not closed.
create table enrolment_windows (
    id               integer primary key,
    opened_wall      text not null,
    opened_boot      text not null,
    opened_monotonic real not null,
    until_wall       text not null,
    until_boot       text not null,
    until_monotonic  real not null,
    who              text not null,
    places           integer,         -- how many more it lets in; null is any number
    network          text not null,   -- CIDR; empty is any address
    closed_at        text,
    closed_by        text
) strict;

create unique index one_open_window on enrolment_windows ((1)) where closed_at is null;

create table certificates (
    serial     text primary key,      -- hexadecimal
    host       text not null,
    agent_id   text not null,
    not_before text not null,
    not_after  text not null,
    issued_at  text not null,
    window_id  integer references enrolment_windows (id),
    address    text not null,         -- where it was asked for from
    revoked_at text,
    revoked_by text,
    reason     text
) strict;

create index certificates_by_host on certificates (host, not_after);
create index certificates_revoked on certificates (not_after) where revoked_at is not null;

-- What was issued, refused, invited, revoked, opened and closed, by whom and why.
create table identity_audit (
    line    integer primary key,
    at      text not null,
    what    text not null,
    who     text not null,            -- a person; empty where a device asked
    host    text not null,
    address text not null,
    serial  text not null,
    reason  text not null,            -- a code, or a person's words
    count   integer not null          -- how often since the last such line: refusals are summed up
) strict;

create index identity_audit_by_time on identity_audit (at);
