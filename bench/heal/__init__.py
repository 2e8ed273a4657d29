"""How long a heal takes through the whole line, when the runbook itself takes no time."""
