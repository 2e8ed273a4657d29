"""One room per actor; drift meets them in this order.

drift_receiver, scanner   hear answers of hosts         -> journal
journal                   makes them durable, opens incidents -> l1_evaluator
l1_evaluator              first matching rule            -> circuit_breaker
flap_suppressor           is this healing in circles?    (asked by circuit_breaker)
circuit_breaker           may we act now, here?          -> runbook_runner
runbook_runner            detect, act, verify, undo      -> the verdict, in the journal
escalator                 tickets and the channels to people

What rooms say to each other is in `messages`, what they write in one commit with each other in
`ports`, checks, rules and runbooks are in `catalogue`.  No room imports another.
"""
