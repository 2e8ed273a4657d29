"""What every actor stands on; nothing in here knows an incident.

Actors     actor, mailbox, request, restart, supervisor, shutdown, wiring, alarm
Ports      clock, ids, store, outbound
Around     errors, codec, settings, logs, health, metrics
hosts/     I/O that knows no incident: sqlite, local targets, gRPC, HTTP, the asyncio island
roles/     the wiring: which rooms an appliance or a central server has, in the order of the flow
cli/       the `aright` command, one module per noun
"""
