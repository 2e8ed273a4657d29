-- What a person is told to do about an incident, as it stood when it was handed to them.

alter table ticket_incidents add column text text not null default '';
