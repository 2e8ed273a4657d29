-- What was decided about each incident that no rule knew, whoever or whatever decided it.
create table plan_decisions (
    id          text primary key,
    incident_id text not null,
    host        text not null,
    made_at     text not null,
    ruling      text not null check (ruling in ('accept', 'review', 'reject', 'none')),
    record      text not null,         -- all of it as JSON
    verdict     text                   -- of the fix, once it ended
) strict, without rowid;

create index plan_decisions_by_incident on plan_decisions (incident_id);
create index plan_decisions_by_time on plan_decisions (made_at);

-- One row for each call of a model: reserved before it, settled after it.
create table plan_spending (
    id          text primary key,
    decision_id text not null,
    site        text not null,
    pattern     text not null,
    provider    text not null,
    model       text not null,
    reserved_at text not null,
    hour        text not null,         -- 2026-11-29T14
    day         text not null,         -- 2026-11-29
    reserved    integer not null,      -- micro-dollars at most
    cost        integer                -- null until it is settled: then `reserved` counts
) strict, without rowid;

create index plan_spending_by_day on plan_spending (site, day, pattern);

-- Answers that may be used again for drift of the same kind.
create table plan_answers (
    pattern     text not null,
    catalogue   text not null,         -- hash of what the model might choose from
    event       text not null,         -- hash of the very drift; empty where any of the kind will do
    answered_at text not null,
    answer      text not null,         -- all of it as JSON
    primary key (pattern, catalogue, event)
) strict, without rowid;

-- Verified fixes of the last hours: the same drift healed again and again asks for its cause.
create table plan_heals (
    incident_id      text not null,
    attempt          integer not null,
    drift            text not null,    -- site/host/check
    healed_wall      text not null,
    healed_boot      text not null,
    healed_monotonic real not null,
    primary key (incident_id, attempt)
) strict, without rowid;

create index plan_heals_by_drift on plan_heals (drift);
