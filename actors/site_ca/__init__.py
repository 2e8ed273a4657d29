"""Site CA: says which agents of a site are who they say, by certificates that it issues.

Receives  tokens and signing requests from devices that enrol, Register from agents that need a
          certificate, invitations, revocations and enrolment windows from operators
Sends     nothing; it answers, and it tells the agent port who may come in
Keeps     its key, in the state directory; invitations, certificates, enrolment windows and who
          did what, in the journal
Falls     nothing is lost: what was issued is durable before it is handed out

Whoever opens the room imports `site_ca` in it: the library of certificates takes 10 MiB and a tenth
of a second, which an appliance without certificates shall not spend.
"""

from actors.site_ca.core import TOKEN_LIFE
from actors.site_ca.office import Office
from actors.site_ca.reads import AuditRow, HostRow, audit, hosts, window

__all__ = [
    "TOKEN_LIFE",
    "AuditRow",
    "HostRow",
    "Office",
    "audit",
    "hosts",
    "window",
]
