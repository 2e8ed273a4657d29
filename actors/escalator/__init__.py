"""Escalator: whom to tell, by which channel, when again."""
