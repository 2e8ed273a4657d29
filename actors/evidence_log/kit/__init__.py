"""The auditor's kit: statements with their proofs in one file that is checked offline.

Pure.  `parts` says what is in a kit, `making` and `archive` write it, `checking` judges it.  The
program `verify_kit` goes into each kit: it judges by itself and shares no code with the rest.
"""
