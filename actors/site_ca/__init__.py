"""Site CA: says which agents of a site are who they say, by certificates that it issues.

Receives  tokens and signing requests from devices that enrol, Register from agents that need a
          certificate, invitations, revocations and enrolment windows from operators
Sends     nothing; it answers, and it tells the agent port who may come in
Keeps     its key, in the state directory; invitations, certificates, enrolment windows and who
          did what, in the journal
Falls     nothing is lost: what was issued is durable before it is handed out
"""

from actors.site_ca.core import TOKEN_LIFE
from actors.site_ca.enrolment import LIMITS
from actors.site_ca.office import Office
from actors.site_ca.reads import AuditRow, HostRow, audit, hosts, window
from actors.site_ca.site_ca import SiteCa, open_site_ca

__all__ = [
    "LIMITS",
    "TOKEN_LIFE",
    "AuditRow",
    "HostRow",
    "Office",
    "SiteCa",
    "audit",
    "hosts",
    "open_site_ca",
    "window",
]
