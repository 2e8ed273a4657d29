"""The `aright` command, one module per noun.

Data goes to standard output, talk to standard error.  `main` names the nouns without importing
them, so that help appears at once; `client` speaks to the running appliance, or reads its
journal where none runs; `output` prints tables, JSON and YAML; `exits` has the exit codes.
"""
