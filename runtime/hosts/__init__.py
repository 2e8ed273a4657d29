"""Input and output that knows no incident: one file for each technology and direction."""
