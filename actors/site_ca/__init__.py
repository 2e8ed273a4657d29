"""Site CA: says which agents of a site are who they say, by certificates that it issues.

Receives  tokens and signing requests from devices that enrol, Register from agents that need a
          certificate, invitations, revocations and enrolment windows from operators
Sends     nothing; it answers, and it tells the agent port who may come in
Keeps     its key, in the state directory; invitations, certificates, enrolment windows and who
          did what, in the journal
Falls     nothing is lost: what was issued is durable before it is handed out
"""
